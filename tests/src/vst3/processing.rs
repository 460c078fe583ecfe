//! Blocks of silence with automation.

use anyhow::{Context, Result};
use vst3::ComPtr;
use vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, IAudioProcessor, IAudioProcessorTrait, IComponent,
    IComponentTrait, ProcessData, ProcessModes_, ProcessSetup, SymbolicSampleSizes_,
};

use super::automation::Changes;
use super::{Instance, check};

const CHANNELS: usize = 2;

/// An instance that processes. May move to an audio thread; [`AudioThread::stop`] is for the main one.
pub struct AudioThread {
    processor: ComPtr<IAudioProcessor>,
    component: ComPtr<IComponent>,
    input: Vec<Vec<f32>>,
    output: Vec<Vec<f32>>,
}

/// A call of a host that sets up and activates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `setupProcessing`.
    SetUp,
    /// `setActive`.
    Activate(bool),
    /// `setProcessing`.
    Process(bool),
}

fn setup(rate: f64, block: usize) -> ProcessSetup {
    ProcessSetup {
        processMode: ProcessModes_::kRealtime as i32,
        symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
        maxSamplesPerBlock: i32::try_from(block).unwrap_or(i32::MAX),
        sampleRate: rate,
    }
}

pub(super) fn call(instance: &Instance, call: Call, rate: f64, block: usize) -> i32 {
    // SAFETY: both interfaces are alive, and the setup lives until the call returns.
    unsafe {
        match call {
            Call::SetUp => instance.processor.setupProcessing(&mut setup(rate, block)),
            Call::Activate(on) => instance.component.setActive(u8::from(on)),
            Call::Process(on) => instance.processor.setProcessing(u8::from(on)),
        }
    }
}

impl AudioThread {
    /// Of an instance that is active and processes already.
    pub fn of_active(instance: &Instance, block: usize) -> Self {
        Self {
            processor: instance.processor.clone(),
            component: instance.component.clone(),
            input: vec![vec![0.1; block]; CHANNELS],
            output: vec![vec![0.0; block]; CHANNELS],
        }
    }

    /// Whether the output of the last block is the input, bit for bit.
    pub fn passed_unchanged(&self) -> bool {
        self.input == self.output
    }

    pub(super) fn start(instance: &Instance, rate: f64, block: usize) -> Result<Self> {
        let mut setup = setup(rate, block);
        // SAFETY: both interfaces are alive.
        unsafe {
            check(instance.processor.setupProcessing(&mut setup), "setup")?;
            check(instance.component.setActive(1), "activation")?;
            check(instance.processor.setProcessing(1), "setProcessing")?;
        }
        Ok(Self {
            processor: instance.processor.clone(),
            component: instance.component.clone(),
            input: vec![vec![0.0; block]; CHANNELS],
            output: vec![vec![0.0; block]; CHANNELS],
        })
    }

    /// Processes one block with these changes: parameters' ids and values in 0 to 1.
    ///
    /// # Errors
    /// The plugin refuses.
    pub fn process(&mut self, changes: &[(u32, f64)]) -> Result<()> {
        let changes = Changes::of(changes).context("no list of changes")?;
        let block = self.input[0].len();
        let mut inputs: Vec<*mut f32> = self.input.iter_mut().map(|c| c.as_mut_ptr()).collect();
        let mut outputs: Vec<*mut f32> = self.output.iter_mut().map(|c| c.as_mut_ptr()).collect();
        let bus = |channels: &mut Vec<*mut f32>| AudioBusBuffers {
            numChannels: CHANNELS as i32,
            silenceFlags: 0,
            __field0: AudioBusBuffers__type0 {
                channelBuffers32: channels.as_mut_ptr(),
            },
        };
        let (mut input, mut output) = (bus(&mut inputs), bus(&mut outputs));
        let mut data = ProcessData {
            processMode: ProcessModes_::kRealtime as i32,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
            numSamples: i32::try_from(block)?,
            numInputs: 1,
            numOutputs: 1,
            inputs: &mut input,
            outputs: &mut output,
            inputParameterChanges: changes.as_ptr(),
            outputParameterChanges: std::ptr::null_mut(),
            inputEvents: std::ptr::null_mut(),
            outputEvents: std::ptr::null_mut(),
            processContext: std::ptr::null_mut(),
        };
        // SAFETY: all that `data` points to lives until the call returns.
        check(unsafe { self.processor.process(&mut data) }, "process")
    }

    /// Stops processing and deactivates.
    ///
    /// # Errors
    /// The plugin refuses.
    pub fn stop(self) -> Result<()> {
        // SAFETY: both interfaces are alive.
        unsafe {
            self.processor.setProcessing(0); // plugins need not know it
            check(self.component.setActive(0), "deactivation")
        }
    }
}
