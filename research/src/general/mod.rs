//! The general tagger: a student of AudioSet's teacher, on as much and as varied sound as there is.
//!
//! [`mixture`] makes crops that are new each time, the teacher judges each of them as it
//! is, and [`distil`] trains on its word, resumable at any time; [`Agreement`] measures on sounds held
//! out by whole sources how far the student agrees.

mod agreement;
mod arguments;
mod card;
mod codec;
mod crops;
mod effects;
mod folder;
mod lesson;
mod material;
mod measure;
mod mixture;
mod progress;
mod run;
mod start;

pub use agreement::{Agreement, Figures};
pub use arguments::GeneralArguments;
pub use codec::degrade;
pub use material::Material;
pub use measure::{AgreementArguments, agreement, agreements};
pub use mixture::{Mixing, mixture};
pub use run::distil;
