//! Decodes files and prints how long they are, for measuring what decoding alone costs:
//! `cargo run --example decode -- FILE ...`

use std::path::Path;

use hamiltone_decoding::{AudioFile, DecodeError};

fn main() {
    for path in std::env::args().skip(1) {
        match seconds(Path::new(&path)) {
            Ok(seconds) => println!("{path}: {seconds:.3} s"),
            Err(error) => eprintln!("{error}"),
        }
    }
}

fn seconds(path: &Path) -> Result<f64, DecodeError> {
    let mut file = AudioFile::open(path)?;
    while file.next_mono()?.is_some() {}
    Ok(file.frames_so_far() as f64 / f64::from(file.sample_rate()))
}
