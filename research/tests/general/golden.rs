//! A distillation ends with the weights that it ended with on 2026-11-30, before it shared its trainer with runs on folds
//! (commit 886c24c). `training/tests/common/golden.rs` says how the values were made.

use std::path::Path;

use super::common::golden::{Summary, check, command, summary};
use super::common::succeeded;
use super::gathered::{material, teacher};
use super::resume::distils;

#[test]
fn a_short_distillation_ends_with_the_same_weights_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(teacher), Some(())) = (teacher(), material(folder.path())) else {
        return;
    };
    let out = folder.path().join("out");
    let own = distils(folder.path(), &teacher, &out);
    succeeded(&command(&own).output().unwrap());
    let run = summary(&out.join("model.safetensors"));
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/general/golden.json");
    check(&golden, &Summary::from([("distil".to_owned(), run)]));
}
