/// The position of a timeline in an output that several files may share, such as stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Series {
    /// Whether this is the first timeline in the output: formats with a header write it now.
    pub first: bool,
    /// Whether the output holds more than one file: formats of rows or lines then name the file in each.
    pub several: bool,
}

impl Series {
    /// An output that holds one file.
    pub const SINGLE: Self = Self {
        first: true,
        several: false,
    };
}
