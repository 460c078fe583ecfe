//! Suggestions for unknown names: "did you mean".

/// Names that are suggested at most.
const MAX_SUGGESTIONS: usize = 6;

/// Jaro-Winkler similarity from which a name is suggested, 0 to 1.
const LEAST_LIKENESS: f64 = 0.88;

/// Names that contain a word, else those with a word that is spelled almost like it, the most similar first.
pub(super) fn similar<'a>(names: impl IntoIterator<Item = &'a str>, word: &str) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let rank = |name: &'a str| {
        let lower = name.to_lowercase();
        let words = lower.split(|letter: char| !letter.is_alphanumeric());
        let likeness = match lower.contains(&word) {
            true => 2.0,
            false => words
                .chain([lower.as_str()])
                .map(|part| strsim::jaro_winkler(part, &word))
                .fold(0.0, f64::max),
        };
        // Of names with a word that is spelled like it, the one that is as a whole comes first.
        let whole = match likeness < 2.0 {
            true => strsim::jaro_winkler(&lower, &word),
            false => 0.0,
        };
        (likeness, whole, name)
    };
    let mut ranked: Vec<(f64, f64, &str)> = names.into_iter().map(rank).collect();
    // Stable: equal ones stay in their order.
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
    let best = ranked.first().map_or(0.0, |(likeness, ..)| *likeness);
    ranked.retain(|(likeness, ..)| *likeness >= LEAST_LIKENESS && (best < 2.0 || *likeness >= 2.0));
    ranked
        .into_iter()
        .take(MAX_SUGGESTIONS)
        .map(|(.., name)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::similar;

    #[test]
    fn suggestions_contain_the_word_or_are_spelled_like_it() {
        let labels = ["Guitar", "Bass guitar", "Sitar", "Speech", "Rain"];
        assert_eq!(similar(labels, "guit"), ["Guitar", "Bass guitar"]);
        assert_eq!(similar(labels, "Gutar")[..2], ["Guitar", "Bass guitar"]);
        assert_eq!(similar(labels, "spech"), ["Speech"]);
        assert!(similar(labels, "xylophone").is_empty());
        let models = ["general", "general-half", "esc10"];
        assert_eq!(similar(models, "genral-half")[0], "general-half");
        assert_eq!(similar(models, "general half")[0], "general-half");
        assert_eq!(
            similar(["general-half", "general"], "generall")[0],
            "general"
        );
    }
}
