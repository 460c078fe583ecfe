//! The table of the shipped models, made from their cards.

use std::path::Path;

use hamiltone_research::catalogue::catalogue_text;

#[test]
fn the_catalogue_of_the_shipped_models_is_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let text = catalogue_text(&folder).unwrap();
    let there = std::fs::read_to_string(folder.join("README.md")).unwrap();
    assert_eq!(there, text, "run `hamiltone-research catalogue`");
}
