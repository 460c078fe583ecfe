//! NumPy arrays to mono samples.

use hamiltone_engine::audio::{
    EngineError, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, StereoMixdown, mix_frame,
};
use numpy::ndarray::{ArrayViewD, Axis};
use numpy::{Element, PyArrayDescrMethods, PyReadonlyArrayDyn, PyUntypedArray};
use numpy::{PyUntypedArrayMethods, ndarray};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// As in files.
const MAX_CHANNELS: usize = 256;

/// Which axis of an array holds the channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    ChannelsLast,
    ChannelsFirst,
}

impl Layout {
    pub(crate) fn of(name: &str) -> PyResult<Self> {
        match name {
            "channels_last" => Ok(Self::ChannelsLast),
            "channels_first" => Ok(Self::ChannelsFirst),
            _ => Err(PyValueError::new_err(format!(
                "layout {name:?}: give \"channels_last\" for arrays of shape (frames, channels) or \"channels_first\" \
                 for (channels, frames)"
            ))),
        }
    }
}

/// A whole number of Hz within the engine's range.
pub(crate) fn sample_rate(rate: &Bound<'_, PyAny>) -> PyResult<u32> {
    let hz: f64 = rate.extract().map_err(|_| {
        PyTypeError::new_err("sample_rate: give a whole number of Hz, such as 48000")
    })?;
    let in_range = (f64::from(MIN_SAMPLE_RATE)..=f64::from(MAX_SAMPLE_RATE)).contains(&hz);
    match (in_range, hz.fract() == 0.0) {
        (true, true) => Ok(hz as u32),
        (true, false) => Err(PyValueError::new_err(format!(
            "sample rate {hz} Hz is not supported: give a whole number of Hz"
        ))),
        // A rate that the engine's message can state.
        _ if hz >= 0.0 && hz <= f64::from(u32::MAX) && hz.fract() == 0.0 => Err(
            PyValueError::new_err(EngineError::SampleRate(hz as u32).to_string()),
        ),
        _ => Err(PyValueError::new_err(format!(
            "sample rate {hz} Hz is not supported: use a rate from {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz"
        ))),
    }
}

/// Mixes the channels of arrays as files are mixed. Keeps the state of the mixdown from array to array.
pub(crate) struct Mixer {
    layout: Layout,
    channels: Option<usize>,
    stereo: StereoMixdown,
}

impl Mixer {
    pub(crate) fn new(sample_rate: u32, layout: Layout) -> Self {
        Self {
            layout,
            channels: None,
            stereo: StereoMixdown::new(sample_rate as f32),
        }
    }

    pub(crate) fn reset(&mut self) {
        self.channels = None;
        self.stereo.reset();
    }

    /// The mono samples of an array of float32, float64 or int16, of one or two dimensions. The state is unchanged if there
    /// is an error.
    pub(crate) fn mix(&mut self, samples: &Bound<'_, PyAny>) -> PyResult<Vec<f32>> {
        let array = samples
            .py()
            .import("numpy")?
            .call_method1("asarray", (samples,))?;
        if let Ok(array) = array.extract::<PyReadonlyArrayDyn<'_, f32>>() {
            return self.mix_view(array.as_array(), |sample| sample);
        }
        if let Ok(array) = array.extract::<PyReadonlyArrayDyn<'_, f64>>() {
            return self.mix_view(array.as_array(), |sample| sample as f32);
        }
        if let Ok(array) = array.extract::<PyReadonlyArrayDyn<'_, i16>>() {
            return self.mix_view(array.as_array(), |sample| f32::from(sample) / 32_768.0);
        }
        let array = array.cast::<PyUntypedArray>()?;
        let kind = array.dtype();
        let message = if kind.is_native_byteorder() == Some(false) {
            format!("samples have the type {kind} in the byte order of another machine")
        } else {
            format!("samples have the type {kind}")
        };
        Err(PyTypeError::new_err(format!(
            "{message}; give float32 or float64 from -1 to 1, or int16"
        )))
    }

    fn mix_view<T: Element + Copy>(
        &mut self,
        array: ArrayViewD<'_, T>,
        convert: impl Fn(T) -> f32,
    ) -> PyResult<Vec<f32>> {
        let shape = array.shape().to_vec();
        let frames_first = match (shape.len(), self.layout) {
            (1, _) => array.insert_axis(Axis(1)),
            (2, Layout::ChannelsLast) => array,
            (2, Layout::ChannelsFirst) => array.reversed_axes(),
            (dimensions, _) => {
                return Err(PyValueError::new_err(format!(
                    "samples have {dimensions} dimensions, shape {}; give one dimension for mono, or two for several \
                     channels",
                    shape_text(&shape)
                )));
            }
        };
        let frames = frames_first
            .into_dimensionality::<ndarray::Ix2>()
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        let channels = frames.ncols();
        self.check_channels(channels, &shape)?;
        let mut converted = Vec::with_capacity(frames.len());
        for ((frame, channel), sample) in frames.indexed_iter() {
            let sample = convert(*sample);
            if !sample.is_finite() {
                let index = match (shape.len(), self.layout) {
                    (1, _) => format!("{frame}"),
                    (_, Layout::ChannelsLast) => format!("{frame}, {channel}"),
                    (_, Layout::ChannelsFirst) => format!("{channel}, {frame}"),
                };
                return Err(PyValueError::new_err(format!(
                    "samples[{index}] is {sample}, not a finite number; numpy.nan_to_num replaces such samples"
                )));
            }
            converted.push(sample);
        }
        self.channels = Some(channels);
        let frames = converted.chunks_exact(channels.max(1));
        Ok(match channels {
            2 => frames
                .map(|frame| self.stereo.frame(frame[0], frame[1]))
                .collect(),
            _ => frames
                .map(|frame| mix_frame(frame.iter().copied()))
                .collect(),
        })
    }

    fn check_channels(&self, channels: usize, shape: &[usize]) -> PyResult<()> {
        let shape = shape_text(shape);
        if !(1..=MAX_CHANNELS).contains(&channels) {
            let (other, layout) = match self.layout {
                Layout::ChannelsLast => ("(channels, frames)", "channels_first"),
                Layout::ChannelsFirst => ("(frames, channels)", "channels_last"),
            };
            return Err(PyValueError::new_err(format!(
                "samples of shape {shape} have {channels} channels; 1 to {MAX_CHANNELS} are supported. If the shape is \
                 {other}, give layout=\"{layout}\""
            )));
        }
        match self.channels {
            Some(before) if before != channels => Err(PyValueError::new_err(format!(
                "this block has {channels} channels, the blocks before it have {before}; call reset() before another \
                 stream"
            ))),
            _ => Ok(()),
        }
    }
}

fn shape_text(shape: &[usize]) -> String {
    let numbers: Vec<String> = shape.iter().map(ToString::to_string).collect();
    match numbers.as_slice() {
        [one] => format!("({one},)"),
        _ => format!("({})", numbers.join(", ")),
    }
}

/// The mono samples of a clip, at least one.
pub(crate) fn clip(
    samples: &Bound<'_, PyAny>,
    sample_rate: u32,
    layout: &str,
) -> PyResult<Vec<f32>> {
    let mono = Mixer::new(sample_rate, Layout::of(layout)?).mix(samples)?;
    if mono.is_empty() {
        return Err(PyValueError::new_err(
            "samples is empty: give at least one sample",
        ));
    }
    Ok(mono)
}
