//! What lists of models say about a card, in a few words.

use super::card::Card;

impl Card {
    /// What the model is for, from its description: `Quaternion CNN for musical instruments` gives "Musical instruments"; the
    /// name if there is no description. Allocates.
    pub fn purpose(&self) -> String {
        let description = self.description.trim();
        let purpose = description
            .strip_prefix("Quaternion CNN for ")
            .unwrap_or(description);
        let mut letters = purpose.chars();
        match letters.next() {
            Some(first) => first.to_uppercase().collect::<String>() + letters.as_str(),
            None => self.name.clone(),
        }
    }

    /// The strictest condition of the licence text, in a word or two.
    pub fn licence_in_short(&self) -> &'static str {
        if self.licence.is_empty() {
            "no licence stated"
        } else if self.licence.contains("-NC") {
            "non-commercial licence"
        } else if self.licence.contains("terms") {
            "special licence terms"
        } else if self.licence.contains("SA") {
            "share-alike licence"
        } else if self.licence.contains("BY") {
            "attribution licence"
        } else {
            "licence in the card"
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::ModelFile;

    #[test]
    fn a_licence_is_shortened_to_its_strictest_condition() {
        let mut card = ModelFile::from_bytes(hamiltone_models::ESC10).unwrap().card;
        assert_eq!(card.purpose(), "ESC-10, ten environmental sounds");
        for (licence, short) in [
            ("CC BY 3.0 (ESC-10)", "attribution licence"),
            (
                "CC0, CC BY, CC BY-SA and free-software licences",
                "share-alike licence",
            ),
            ("CC BY-NC-SA 4.0", "non-commercial licence"),
            (
                "CC BY-SA 3.0 + Philharmonia terms (no sale as is)",
                "special licence terms",
            ),
            ("", "no licence stated"),
        ] {
            card.licence = licence.to_owned();
            assert_eq!(card.licence_in_short(), short, "{licence}");
        }
    }
}
