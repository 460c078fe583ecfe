//! Writes a small model with random weights for each kind of head: seeds for the fuzzer.
//!
//! `cargo run --example small_model -- FOLDER`

#[path = "../tests/common/mod.rs"]
mod common;

use std::error::Error;
use std::path::PathBuf;

use common::{model_file, small_of_all_kinds};
use serde_json::{Value, from_slice, from_str};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("which folder?")?);
    std::fs::create_dir_all(&folder)?;
    for (number, architecture) in small_of_all_kinds(2).into_iter().enumerate() {
        let bytes = model_file(architecture, 1).to_bytes()?;
        let path = folder.join(format!("head-{number}.safetensors"));
        std::fs::write(path, without_checksums(&bytes)?)?;
    }
    Ok(())
}

/// The same file as older programs wrote it. With checksums, nearly every changed byte would be refused at once, and the
/// fuzzer would never reach the checks behind them.
fn without_checksums(bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or("no header")?;
    let (header, weights) = rest.split_at(usize::try_from(u64::from_le_bytes(*length))?);
    let mut header: Value = from_slice(header)?;
    let card = header["__metadata__"]["hamiltone"]
        .as_str()
        .ok_or("no card")?;
    let mut card: Value = from_str(card)?;
    card["checksums"] = Value::Null;
    header["__metadata__"]["hamiltone"] = card.to_string().into();
    let mut header = header.to_string();
    // Weights begin at a multiple of eight.
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    let length = (header.len() as u64).to_le_bytes();
    Ok([&length[..], header.as_bytes(), weights].concat())
}
