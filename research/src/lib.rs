//! The making of the general tagger, and the studies behind the shipped models.
//!
//! [`material`] gathers unlabelled audio with its licences, [`teacher`] holds networks in ONNX that judge it,
//! [`general`] distils the general tagger from them. [`calibration`] finds what its logits are worth, [`choices`] fits
//! the rules for choosing among some of its labels, [`zero_shot`] and [`other_corpora`] measure models on sets that they
//! were not trained on, [`clip_counts`] how much more training clips help. [`study`] runs the pruning and distillation study of docs/RESULTS.md, and [`catalogue`] writes
//! the table of a folder of models. Training itself is in `hamiltone_training`.
#![forbid(unsafe_code)]

pub mod calibration;
pub mod catalogue;
pub mod choices;
pub mod clip_counts;
pub mod general;
pub mod material;
pub mod other_corpora;
pub mod pictures;
pub mod study;
pub mod teacher;
pub mod zero_shot;
