//! NumPy arrays of 32-bit floats (format version 1.0, <https://numpy.org/neps/nep-0001-npy-format.html>).

use std::io::{self, Seek, SeekFrom, Write};

/// Bytes of the header, with room for any number of rows.
const HEADER: usize = 128;
const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";

/// An array of rows that is written row by row. The number of rows is put into the header at the end.
pub(crate) struct NpyWriter<W: Write + Seek> {
    target: W,
    columns: usize,
    rows: u64,
}

impl<W: Write + Seek> NpyWriter<W> {
    pub(crate) fn new(mut target: W, columns: usize) -> io::Result<Self> {
        target.write_all(&header(0, columns))?;
        Ok(Self {
            target,
            columns,
            rows: 0,
        })
    }

    /// Adds a row, which must have the stated number of columns.
    pub(crate) fn add(&mut self, row: &[f32]) -> io::Result<()> {
        if row.len() != self.columns {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        for number in row {
            self.target.write_all(&number.to_le_bytes())?;
        }
        self.rows += 1;
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.target.seek(SeekFrom::Start(0))?;
        self.target.write_all(&header(self.rows, self.columns))?;
        self.target.seek(SeekFrom::End(0))?;
        Ok(self.target)
    }
}

fn header(rows: u64, columns: usize) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    let length = HEADER - MAGIC.len() - 2;
    header.extend((length as u16).to_le_bytes());
    let text =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    header.extend(text.as_bytes());
    header.resize(HEADER - 1, b' ');
    header.push(b'\n');
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn an_array_has_the_bytes_of_numpy() {
        let mut writer = NpyWriter::new(Cursor::new(Vec::new()), 2).unwrap();
        writer.add(&[1.0, -2.0]).unwrap();
        assert!(writer.add(&[1.0]).is_err());
        writer.add(&[0.5, 0.25]).unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        // numpy.save of numpy.array([[1, -2], [.5, .25]], "<f4"), by numpy 2.4.6.
        let mut expected = b"\x93NUMPY\x01\x00v\x00".to_vec();
        expected.extend(b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }");
        expected.resize(127, b' ');
        expected.push(b'\n');
        for number in [1.0f32, -2.0, 0.5, 0.25] {
            expected.extend(number.to_le_bytes());
        }
        assert_eq!(bytes, expected);
        assert_eq!(header(u64::MAX, 99_999).len(), HEADER);
    }
}
