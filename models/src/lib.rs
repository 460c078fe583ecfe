//! The models that are inside Hamiltone's programs, each as the bytes of its file. `README.md` beside the files says
//! what they know and how well, and which data and licences they come from.
//!
//! `hamiltone_engine::model::Library` finds them; `Model::from_bytes` reads one.

/// 527 labels of AudioSet, pruned to half of the multiply-adds: the default.
pub static GENERAL_HALF: &[u8] = include_bytes!("../general-half.safetensors");
/// 527 labels of AudioSet.
pub static GENERAL: &[u8] = include_bytes!("../general.safetensors");
/// 527 labels of AudioSet, pruned to a quarter of the multiply-adds.
pub static GENERAL_QUARTER: &[u8] = include_bytes!("../general-quarter.safetensors");
/// The ten classes of ESC-10.
pub static ESC10: &[u8] = include_bytes!("../esc10.safetensors");

/// All of them; the first is the default.
pub static BUILT_IN: [&[u8]; 4] = [GENERAL_HALF, GENERAL, GENERAL_QUARTER, ESC10];
