/// The role of a tensor in training and in the checks of a model file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// A convolution kernel or a matrix: trained, with weight decay.
    Weight,
    /// The scale of a batch norm: trained, starts at 1.
    Scale,
    /// A bias: trained, starts at 0.
    Shift,
    /// A running mean or variance: measured, not trained.
    Statistic,
}

/// Name, size and kind of a tensor of an architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterShape {
    /// Name in the model file.
    pub name: String,
    /// Size of each dimension.
    pub shape: Vec<usize>,
    /// Its role.
    pub kind: ParameterKind,
}

impl ParameterShape {
    pub(super) fn new(name: String, shape: Vec<usize>, kind: ParameterKind) -> Self {
        Self { name, shape, kind }
    }

    /// The four vectors of a batch norm over `channels`.
    pub(super) fn batch_norm(prefix: &str, channels: usize) -> Vec<Self> {
        [
            ("weight", ParameterKind::Scale),
            ("bias", ParameterKind::Shift),
            ("mean", ParameterKind::Statistic),
            ("variance", ParameterKind::Statistic),
        ]
        .map(|(name, kind)| Self::new(format!("{prefix}.{name}"), vec![channels], kind))
        .to_vec()
    }

    /// Numbers in the tensor.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }
}
