//! The panel: shows what the worker published and turns what the user does into parameters and settings.
//!
//! ```text
//! contract ◀─ widgets ◀─ pages ◀─ view ◀─ window
//! ```
//!
//! - [`contract`]: what a page reads ([`View`]) and what it says ([`Action`]).
//! - `widgets`: bars, sliders, fields, text and its fonts, colours.
//! - `pages`: a file for each page, and the header and footer.
//! - [`view`]: the whole panel, a function from a [`View`] to [`Action`]s that knows no host.
//! - `window`: the window in the host, which carries out the actions.

pub mod contract;
mod pages;
pub mod view;
mod widgets;
mod window;

pub use contract::{Action, View};
pub use view::{Motion, draw, prepare};
pub use window::PanelEditor;
