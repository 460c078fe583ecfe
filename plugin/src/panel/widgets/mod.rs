//! What pages are made of: the list of bars, sliders, switches, fields, text and colours.

pub(crate) mod bars;
pub(crate) mod controls;
pub(crate) mod glyphs;
pub(crate) mod labels;
pub(crate) mod layout;
pub(crate) mod path_field;
pub(crate) mod sliders;
pub(crate) mod system_fonts;
pub(crate) mod text;
pub(crate) mod theme;
pub(crate) mod words;
pub(crate) mod written;
