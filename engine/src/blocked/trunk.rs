//! The whole trunk as one candle operation, forward and back.
//!
//! One operation and not one a layer, because candle adds the gradient of every intermediate
//! tensor to a fresh tensor of zeros, which costs as much as a layer's batch norm. All weights
//! come as one flat tensor: candle's own `cat` takes its gradient apart again.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

use super::convolution::REACH;
use super::full::{Full, FullRecord};
use super::unit::{PARTS, Unit, UnitRecord};
use super::{BatchShape, buffers, mel_means};
use crate::kernels::Buffer;
use crate::operations::{BatchStatistics, contiguous_f32, with_elements};

/// A convolution (causal in time, no bias) and the batch norm behind it, which takes the batch's own statistics.
#[derive(Clone, Copy)]
pub struct NormedKernel<'a> {
    /// `4 × outputs × inputs × size × size` of quaternions, `outputs × inputs × size × size` of real numbers; one input
    /// where it is depthwise.
    pub kernel: &'a Tensor,
    /// The batch norm's scale, a value a channel.
    pub weight: &'a Tensor,
    /// The batch norm's shift.
    pub bias: &'a Tensor,
}

/// What a step computes.
pub enum StepKind<'a> {
    /// A 3×3 convolution and ReLU.
    Convolution(NormedKernel<'a>),
    /// An inverted residual unit: a 1×1 convolution and a depthwise one of 3×3 or 5×5, each with ReLU, and a 1×1 one
    /// without. Where it pools, it does so before the last.
    Unit {
        /// In this order.
        convolutions: [NormedKernel<'a>; PARTS],
        /// Whether the input is added to the output.
        residual: bool,
    },
}

/// One step of a trunk.
pub struct TrunkStep<'a> {
    /// What it computes.
    pub kind: StepKind<'a>,
    /// Whether it takes 2×2 means.
    pub pools: bool,
    /// Whether the mean over mels of what it gives is asked for.
    pub feeds_head: bool,
}

impl TrunkStep<'_> {
    fn convolutions(&self) -> &[NormedKernel<'_>] {
        match &self.kind {
            StepKind::Convolution(convolution) => std::slice::from_ref(convolution),
            StepKind::Unit { convolutions, .. } => convolutions,
        }
    }

    /// The border that its input needs.
    fn reach(&self) -> usize {
        match self.kind {
            StepKind::Convolution(_) => REACH,
            StepKind::Unit { .. } => 0,
        }
    }
}

/// Runs steps over `x` (`batch × channels × time × mel`, on the CPU, to which no gradient goes
/// back) and takes the mean over mels of those that feed the head, of which the last is one: `batch × rows ×
/// channels` each, and the statistics of each convolution. Channels of quaternions (`group` 4) are all r, then all
/// i, j, k. Differentiable in all weights.
///
/// # Errors
/// If the shapes do not go together, the last step does not feed the head, or candle fails.
pub fn trunk(
    x: &Tensor,
    group: usize,
    steps: &[TrunkStep<'_>],
) -> Result<(Vec<Tensor>, Vec<BatchStatistics>)> {
    let (batch, channels, rows, mels) = x.dims4()?;
    if !channels.is_multiple_of(group) || x.elem_count() == 0 {
        candle_core::bail!("{:?} is not a batch of units of {group} channels", x.dims());
    }
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else {
        candle_core::bail!("a trunk needs at least one step");
    };
    if !last.feeds_head {
        candle_core::bail!("the last step of a trunk has to feed the head");
    }
    let from = BatchShape::new(group, [batch, channels, rows, mels], first.reach());
    let (mut format, mut chain, mut flat) = (from, Vec::new(), Vec::new());
    for (index, step) in steps.iter().enumerate() {
        let reach = steps.get(index + 1).unwrap_or(step).reach();
        let planned = PlannedStep::new(step, format, reach)?;
        format = planned.to();
        for convolution in step.convolutions() {
            let NormedKernel {
                kernel,
                weight,
                bias,
            } = convolution;
            flat.extend([kernel, weight, bias].map(|numbers| numbers.flatten_all()));
        }
        chain.push(planned);
    }
    let flat = flat.into_iter().collect::<Result<Vec<_>>>()?;
    let tape = Arc::new(Mutex::new(Tape::default()));
    let formats: Vec<BatchShape> = chain
        .iter()
        .filter(|step| step.feeds_head)
        .map(PlannedStep::to)
        .collect();
    let op = Trunk {
        from,
        steps: chain,
        tape: tape.clone(),
    };
    let means = x
        .detach()
        .contiguous()?
        .apply_op2(&Tensor::cat(&flat, 0)?, op)?;
    let of_step = |record: &Record| record.of_step.statistics();
    let statistics = lock(&tape).steps.iter().flat_map(of_step).collect();
    let mut start = 0;
    let next = |format: &BatchShape| {
        let count = mel_means::count(*format);
        let shape = (format.batch, format.map.rows, format.map.channels);
        let of_layer = means.narrow(0, start, count)?.reshape(shape);
        start += count;
        of_layer
    };
    let means = formats.iter().map(next).collect::<Result<_>>()?;
    Ok((means, statistics))
}

/// Sizes of a step, and how many numbers kernel, weight and bias of each of its convolutions have.
struct PlannedStep {
    kind: PlannedKind,
    sizes: Vec<[usize; 3]>,
    feeds_head: bool,
}

enum PlannedKind {
    Full(Full),
    Unit(Unit),
}

/// What the backward pass needs.
#[derive(Default)]
struct Tape {
    steps: Vec<Record>,
}

struct Record {
    /// The input of the step.
    input: Buffer,
    of_step: StepRecord,
}

enum StepRecord {
    Full(FullRecord),
    Unit(UnitRecord),
}

impl StepRecord {
    fn statistics(&self) -> Vec<BatchStatistics> {
        match self {
            Self::Full(record) => record.statistics(),
            Self::Unit(record) => record.statistics(),
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        buffers::give(std::mem::take(&mut self.input));
    }
}

/// The numbers of a step: kernel, weights and biases of each convolution.
type Numbers<'a> = Vec<[&'a [f32]; 3]>;

/// The gradients of the numbers of a step, and that of its input if it is wanted.
type StepGradients = (Vec<[Vec<f32>; 3]>, Option<Buffer>);

impl PlannedStep {
    fn new(step: &TrunkStep<'_>, from: BatchShape, reach: usize) -> Result<Self> {
        let dims = |convolution: &NormedKernel<'_>| convolution.kernel.dims().to_vec();
        let kind = match &step.kind {
            StepKind::Convolution(convolution) => {
                let kernel = dims(convolution);
                PlannedKind::Full(Full::new(from, &kernel, step.pools, reach)?)
            }
            StepKind::Unit {
                convolutions,
                residual,
            } => {
                let kernels = convolutions.each_ref().map(dims);
                let kernels = kernels.each_ref().map(Vec::as_slice);
                PlannedKind::Unit(Unit::new(from, kernels, step.pools, *residual, reach)?)
            }
        };
        let sizes = step.convolutions().iter().map(|convolution| {
            [convolution.kernel, convolution.weight, convolution.bias].map(Tensor::elem_count)
        });
        Ok(Self {
            kind,
            sizes: sizes.collect(),
            feeds_head: step.feeds_head,
        })
    }

    fn to(&self) -> BatchShape {
        match &self.kind {
            PlannedKind::Full(full) => full.to,
            PlannedKind::Unit(unit) => unit.to,
        }
    }

    /// Splits the numbers of the step from the front.
    fn split<'a>(&self, numbers: &mut &'a [f32]) -> Numbers<'a> {
        let mut next = |size: usize| {
            let (front, rest) = numbers.split_at(size);
            *numbers = rest;
            front
        };
        self.sizes
            .iter()
            .map(|sizes| sizes.map(&mut next))
            .collect()
    }

    fn forward(&self, x: &[f32], numbers: &Numbers<'_>) -> Result<(Buffer, StepRecord)> {
        Ok(match (&self.kind, numbers.as_slice()) {
            (PlannedKind::Full(full), [numbers]) => {
                let (output, record) = full.forward(x, *numbers)?;
                (output, StepRecord::Full(record))
            }
            (PlannedKind::Unit(unit), &[expansion, depthwise, projection]) => {
                let (output, record) = unit.forward(x, [expansion, depthwise, projection])?;
                (output, StepRecord::Unit(record))
            }
            _ => candle_core::bail!("a step with {} convolutions", numbers.len()),
        })
    }

    /// The gradients given that of its output.
    fn gradients(
        &self,
        record: &Record,
        gradient: &[f32],
        numbers: &Numbers<'_>,
        wants_input: bool,
    ) -> Result<StepGradients> {
        let x = &record.input;
        match (&self.kind, &record.of_step, numbers.as_slice()) {
            (PlannedKind::Full(full), StepRecord::Full(record), [numbers]) => {
                let (of_numbers, of_input) =
                    full.gradients(x, record, gradient, *numbers, wants_input)?;
                Ok((vec![of_numbers], of_input))
            }
            (
                PlannedKind::Unit(unit),
                StepRecord::Unit(record),
                &[expansion, depthwise, projection],
            ) => {
                let numbers = [expansion, depthwise, projection];
                let (of_numbers, of_input) =
                    unit.gradients(x, record, gradient, numbers, wants_input)?;
                Ok((of_numbers.into(), of_input))
            }
            _ => candle_core::bail!("a record of another step"),
        }
    }
}

struct Trunk {
    from: BatchShape,
    steps: Vec<PlannedStep>,
    tape: Arc<Mutex<Tape>>,
}

fn lock(tape: &Mutex<Tape>) -> std::sync::MutexGuard<'_, Tape> {
    tape.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CustomOp2 for Trunk {
    fn name(&self) -> &'static str {
        "trunk"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        numbers: &CpuStorage,
        numbers_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = contiguous_f32(x, x_layout)?;
        let mut numbers = contiguous_f32(numbers, numbers_layout)?;
        let (mut records, mut means) = (Vec::new(), Vec::new());
        let mut values = self.from.block_planes(x);
        for step in &self.steps {
            let (output, of_step) = step.forward(&values, &step.split(&mut numbers))?;
            records.push(Record {
                input: std::mem::replace(&mut values, output),
                of_step,
            });
            if step.feeds_head {
                means.extend(mel_means::forward(step.to(), &values));
            }
        }
        lock(&self.tape).steps = records;
        buffers::give(values);
        let count = means.len();
        Ok((CpuStorage::F32(means), count.into()))
    }

    fn bwd(
        &self,
        _x: &Tensor,
        numbers: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let of_numbers = with_elements(numbers, |numbers| {
            with_elements(gradient, |gradient| self.gradients(numbers, gradient))
        })???;
        let of_numbers = Tensor::from_vec(of_numbers, numbers.shape(), numbers.device())?;
        Ok((None, Some(of_numbers)))
    }
}

impl Trunk {
    /// The gradient of all numbers, in their order, given that of the means of all steps that feed the head.
    fn gradients(&self, mut numbers: &[f32], mut of_means: &[f32]) -> Result<Vec<f32>> {
        let tape = lock(&self.tape);
        let mut of_steps = Vec::new();
        let count = numbers.len();
        let parts: Vec<Numbers<'_>> = self
            .steps
            .iter()
            .map(|step| step.split(&mut numbers))
            .collect();
        let mut gradient = Buffer::default();
        let steps = self.steps.iter().zip(&tape.steps).zip(&parts);
        for (index, ((step, record), numbers)) in steps.enumerate().rev() {
            if step.feeds_head {
                let before = of_means.len() - mel_means::count(step.to());
                let (rest, of_these) = of_means.split_at(before);
                of_means = rest;
                mel_means::add_gradient(step.to(), of_these, &mut gradient);
            }
            let (of_numbers, of_input) = step.gradients(record, &gradient, numbers, index > 0)?;
            if let Some(of_input) = of_input {
                buffers::give(std::mem::replace(&mut gradient, of_input));
            }
            of_steps.push(of_numbers);
        }
        buffers::give(gradient);
        let mut of_numbers = Vec::with_capacity(count);
        for part in of_steps.iter().rev().flatten().flatten() {
            of_numbers.extend_from_slice(part);
        }
        Ok(of_numbers)
    }
}
