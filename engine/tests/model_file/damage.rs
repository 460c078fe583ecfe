//! Random changes of a file.

use std::sync::Arc;

use hamiltone_engine::model::Model;
use hamiltone_engine::tagging::{Tagger, Tags};
use proptest::prelude::*;

use crate::common::{self, model_file};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// A few bytes changed anywhere: refused or (where the bytes mean nothing) read, never a
    /// panic, never a NaN.
    #[test]
    fn random_damage_never_panics(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        static WHOLE: std::sync::LazyLock<Vec<u8>> =
            std::sync::LazyLock::new(|| model_file(common::small(4), 1).to_bytes().unwrap());
        static SOUND: std::sync::LazyLock<Vec<f32>> =
            std::sync::LazyLock::new(|| common::sound(16_000, 1));
        let mut bytes = WHOLE.clone();
        for (position, value) in changes {
            let index = position.index(bytes.len());
            bytes[index] = value;
        }
        if let Ok(model) = Model::from_bytes(&bytes) {
            let mut tagger = Tagger::new(Arc::new(model), 32_000, 1.0).unwrap();
            let (mut columns, mut finite) = (0, true);
            let mut take = |tags: &Tags<'_>| {
                columns += 1;
                finite &= tags.probabilities.iter().all(|p| (0.0..=1.0).contains(p));
            };
            tagger.push(&SOUND, &mut take);
            tagger.finish(&mut take);
            prop_assert!(columns > 0 && finite);
        }
    }
}
