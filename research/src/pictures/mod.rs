//! Pictures of measurements, as SVG.

mod agreement;
mod bars;
mod lines;
mod reliability;
mod scatter;

pub use agreement::{Measurement, agreement};
pub use bars::bars;
pub use lines::{Line, lines};
pub use reliability::reliability;
pub use scatter::{Point, scatter};
