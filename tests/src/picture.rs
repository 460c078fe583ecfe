//! Pictures of windows.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// The pixels of a PNG.
pub struct Picture {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Red, green and blue, row by row.
    pub pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// Reads a PNG of 8 bits a channel, without transparency.
    ///
    /// # Panics
    /// There is none.
    pub fn read(path: &Path) -> Self {
        let mut reader = png::Decoder::new(BufReader::new(File::open(path).unwrap()))
            .read_info()
            .unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        let pixels = bytes[..info.buffer_size()].as_chunks::<3>().0.to_vec();
        Self {
            width: info.width,
            height: info.height,
            pixels,
        }
    }

    /// How many colours, and the share of the commonest one.
    pub fn colours(&self) -> (usize, f64) {
        let mut counts = HashMap::new();
        for pixel in &self.pixels {
            *counts.entry(pixel).or_insert(0usize) += 1;
        }
        let most = counts.values().max().copied().unwrap_or(0);
        (counts.len(), most as f64 / self.pixels.len() as f64)
    }
}

/// Reads a picture of a panel.
///
/// # Panics
/// It shows (nearly) one colour.
pub fn assert_not_blank(path: &Path) -> Picture {
    let picture = Picture::read(path);
    let (colours, most) = picture.colours();
    assert!(colours > 40, "{} has {colours} colours", path.display());
    assert!(
        most < 0.95,
        "{} is {:.0} % one colour",
        path.display(),
        most * 100.0
    );
    picture
}
