//! A safe interface to the matrix product of the `gemm` crate.
#![allow(unsafe_code)] // one call, see below

/// A read-only matrix inside a slice; element (r, c) lies at `r * row_stride + c * column_stride`.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    /// Where the elements lie.
    pub data: &'a [f32],
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// Elements from one row to the next.
    pub row_stride: usize,
    /// Elements from one column to the next.
    pub column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Rows that follow each other without a gap.
    pub fn row_major(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self {
            data,
            rows,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The same elements, rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    fn fits(&self) -> bool {
        fits(
            self.data.len(),
            self.rows,
            self.columns,
            self.row_stride,
            self.column_stride,
        )
    }
}

/// A matrix to write into: rows of adjacent elements, `row_stride` apart.
pub struct MatrixMut<'a> {
    /// Where the elements lie.
    pub data: &'a mut [f32],
    /// Number of rows.
    pub rows: usize,
    /// Number of columns, at most `row_stride`.
    pub columns: usize,
    /// Elements from one row to the next.
    pub row_stride: usize,
}

fn fits(len: usize, rows: usize, columns: usize, row_stride: usize, column_stride: usize) -> bool {
    if rows == 0 || columns == 0 {
        return true;
    }
    // A sum that wrapped round would let the product read beyond the slice.
    let across = (columns - 1).checked_mul(column_stride);
    let last = (rows - 1)
        .checked_mul(row_stride)
        .zip(across)
        .and_then(|(down, across)| down.checked_add(across));
    last.is_some_and(|last| last < len)
}

/// `sum += left · right`, on the calling thread. AVX-512, AVX2 or NEON as the processor has it.
///
/// # Panics
/// If the shapes do not go together or a matrix reaches beyond its slice.
pub fn multiply_add(sum: &mut MatrixMut<'_>, left: Matrix<'_>, right: Matrix<'_>) {
    assert_eq!(left.columns, right.rows, "inner sizes");
    assert_eq!(
        (sum.rows, sum.columns),
        (left.rows, right.columns),
        "outer sizes"
    );
    assert!(
        left.fits() && right.fits(),
        "a factor reaches beyond its slice"
    );
    assert!(
        sum.columns <= sum.row_stride
            && fits(sum.data.len(), sum.rows, sum.columns, sum.row_stride, 1),
        "the sum reaches beyond its slice"
    );
    if sum.rows == 0 || sum.columns == 0 || left.columns == 0 {
        return;
    }
    // SAFETY: the asserts above show that every element (r, c) of the three matrices lies inside
    // its slice, and that the rows of the sum do not overlap each other; the borrow checker shows
    // that the sum overlaps neither factor.
    unsafe {
        gemm::gemm(
            sum.rows,
            sum.columns,
            left.columns,
            sum.data.as_mut_ptr(),
            1,
            sum.row_stride as isize,
            true,
            left.data.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.data.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * 7919 + seed * 104_729) % 2_003) as f32 / 1_001.5 - 1.0)
            .collect()
    }

    proptest! {
        #[test]
        fn equals_the_plain_sums(
            rows in 1usize..40, inner in 1usize..60, columns in 1usize..70, gap in 0usize..3,
            transposed in any::<bool>(), seed in 0usize..100,
        ) {
            let (a, b) = (numbers(rows * inner, seed), numbers(inner * columns, seed + 1));
            let left = if transposed {
                Matrix::row_major(&a, inner, rows).transposed()
            } else {
                Matrix::row_major(&a, rows, inner)
            };
            let stride = columns + gap;
            let mut sum = numbers(rows * stride, seed + 2);
            let mut expected = sum.clone();
            for r in 0..rows {
                for c in 0..columns {
                    expected[r * stride + c] += (0..inner)
                        .map(|k| a[r * left.row_stride + k * left.column_stride] * b[k * columns + c])
                        .sum::<f32>();
                }
            }
            let mut target =
                MatrixMut { data: &mut sum, rows, columns, row_stride: stride };
            multiply_add(&mut target, left, Matrix::row_major(&b, inner, columns));
            for (got, want) in sum.iter().zip(&expected) {
                prop_assert!((got - want).abs() < 1e-4, "{got} for {want}");
            }
        }
    }

    /// Two rows and columns times as many.
    fn multiply_two_by_two(left: Matrix<'_>) {
        let mut target = MatrixMut {
            data: &mut [0.0; 4],
            rows: 2,
            columns: 2,
            row_stride: 2,
        };
        multiply_add(&mut target, left, Matrix::row_major(&[1.0; 4], 2, 2));
    }

    #[test]
    #[should_panic(expected = "beyond its slice")]
    fn strides_that_wrap_round_are_refused() {
        multiply_two_by_two(Matrix {
            row_stride: usize::MAX,
            column_stride: 2,
            ..Matrix::row_major(&[1.0; 4], 2, 2)
        });
    }

    #[test]
    #[should_panic(expected = "beyond its slice")]
    fn a_factor_that_is_too_short_is_refused() {
        multiply_two_by_two(Matrix::row_major(&[1.0; 3], 2, 2));
    }
}
