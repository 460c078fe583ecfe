//! The pages of the panel, and the header and footer around them. Each reads a
//! [`View`](super::contract::View) and adds [`Action`](super::contract::Action)s to a list.

mod compare;
pub(crate) mod footer;
pub(crate) mod header;
pub(crate) mod introduction;
pub(crate) mod label_list;
pub(crate) mod label_table;
mod model_menu;
pub(crate) mod outputs;
mod preset_menu;
pub(crate) mod requests;
pub(crate) mod response;
pub(crate) mod roll;
pub(crate) mod tags;
