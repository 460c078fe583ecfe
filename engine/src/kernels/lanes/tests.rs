use super::*;

/// Every operation on the same numbers, results one after the other.
struct Everything<'a>(&'a mut Vec<f32>);

impl SimdOp for Everything<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let numbers: Vec<f32> = (0..16).map(|i| (i * 7 % 5) as f32 - 1.75).collect();
        // SAFETY: no vector has more than sixteen floats.
        let (a, b) = unsafe {
            (
                V::load(numbers.as_ptr()),
                V::load_splat(numbers[3..].as_ptr()),
            )
        };
        let all = [
            a.add(b),
            a.sub(b),
            a.mul(b),
            a.mul_add(a, b),
            a.max(V::splat(0.0)),
            a.swap_neighbours(),
            a.swap_pairs(),
            a.turn_last_three_right(),
            a.turn_last_three_left(),
            a.hadamard(),
            V::quad([1., 2., 3., 4.]),
            a.pass_where_positive(b),
        ];
        for vector in all {
            let mut out = [0.0; 16];
            // SAFETY: as above.
            unsafe { vector.store(out.as_mut_ptr()) };
            self.0.extend_from_slice(&out[..4]); // what every set has
        }
    }
}

#[test]
fn every_set_computes_the_same() {
    let results = |set: InstructionSet| {
        let mut results = Vec::new();
        set.run(Everything(&mut results));
        results
    };
    let plain = results(InstructionSet::Plain);
    let available = InstructionSet::ALL
        .into_iter()
        .filter(|set| set.is_available());
    for set in available {
        assert_eq!(results(set), plain, "{}", set.name());
    }
}

#[test]
fn the_transform_of_four() {
    let mut results = Vec::new();
    InstructionSet::Plain.run(Everything(&mut results));
    // −1.75, 0.25, 2.25, −0.75
    assert_eq!(results[36..40], [0.0, 1.0, -3.0, -5.0]);
    assert_eq!(results[28..32], [-1.75, -0.75, 0.25, 2.25]);
    assert_eq!(results[32..36], [-1.75, 2.25, -0.75, 0.25]);
}

#[test]
fn the_lanes_are_those_of_the_vectors() {
    struct Count<'a>(&'a mut usize);
    impl SimdOp for Count<'_> {
        #[inline(always)]
        fn run<V: Lanes>(self) {
            *self.0 = V::COUNT;
        }
    }
    for set in InstructionSet::ALL {
        if set.is_available() {
            let mut count = 0;
            set.run(Count(&mut count));
            assert_eq!(count, set.lanes());
        }
    }
}

#[test]
fn an_unknown_name_changes_nothing() {
    let best = InstructionSet::best_for("");
    for word in ["avx-2", "AVX2", "sse"] {
        assert_eq!(InstructionSet::best_for(word), best, "{word}");
    }
    for set in InstructionSet::ALL {
        let expected = if set.is_available() { set } else { best };
        assert_eq!(InstructionSet::best_for(set.name()), expected);
    }
}
