//! Loading that is interrupted.

use std::sync::Arc;
use std::time::Instant;

use hamiltone_engine::model::{Limits, LoadOptions, Model, ModelError};
use hamiltone_engine::network::Architecture;
use hamiltone_engine::tagging::Tagger;

use crate::common::{self, model_file};

#[test]
fn an_interrupt_ends_loading_and_columns() {
    // Its probe takes a second or so.
    let slow = Architecture::doubling(96, 6, true, 1.0, 4);
    let file = model_file(slow, 1);
    let bytes = file.to_bytes().unwrap();
    let options = LoadOptions {
        limits: Limits::NONE,
        ..LoadOptions::default()
    };
    let start = Instant::now();
    let model = Model::load((&bytes[..]).into(), &options).unwrap();
    let whole = start.elapsed();
    let interrupt = options.interrupt.clone();
    let raiser = std::thread::spawn(move || {
        std::thread::sleep(whole / 8);
        interrupt.raise();
    });
    let start = Instant::now();
    let error = Model::load((&bytes[..]).into(), &options).err().unwrap();
    assert!(matches!(error, ModelError::Interrupted), "{error}");
    assert!(
        start.elapsed() < whole * 3 / 4,
        "{:?} of {whole:?}",
        start.elapsed()
    );
    raiser.join().unwrap();
    let mut tagger = Tagger::new(Arc::new(model), 32_000, 1.0).unwrap();
    tagger.interrupt_by(options.interrupt);
    tagger.push(&common::sound(96_000, 1), &mut |_| {
        panic!("a column after the interrupt")
    });
}
