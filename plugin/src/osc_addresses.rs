//! The OSC address of each label of a model.

use std::collections::HashSet;

/// What all addresses of labels begin with.
const PREFIX: &str = "/hamiltone/label/";

/// The address of each label, in the order of the labels. Every address is ASCII without characters that OSC 1.0
/// reserves, differs from all others, and depends only on the labels and their order.
///
/// `Male speech, man speaking` is `/hamiltone/label/male_speech_man_speaking`, `C#` is `…/c_sharp`, `été` is `…/ete`,
/// `犬` is `…/quan` (letters of other scripts are transliterated). A label without any letter is named by its number
/// in the model, from 1: `…/label_7`. Of labels with the same name, the first keeps it and the others are numbered:
/// `…/bell`, `…/bell_2`. Allocates.
pub fn osc_addresses(labels: &[String]) -> Vec<String> {
    let names: Vec<String> = labels
        .iter()
        .enumerate()
        .map(|(index, label)| match name(label) {
            name if name.is_empty() => format!("label_{}", index + 1),
            name => name,
        })
        .collect();
    let all: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut taken: HashSet<String> = HashSet::new();
    let unique = |name: &String| {
        let numbered = || (2..).map(|number| format!("{name}_{number}"));
        let is_free =
            |numbered: &String| !taken.contains(numbered) && !all.contains(numbered.as_str());
        let unique = match taken.contains(name) {
            false => Some(name.clone()),
            true => numbered().find(is_free),
        };
        let unique = unique.unwrap_or_default(); // there are more numbers than labels
        taken.insert(unique.clone());
        format!("{PREFIX}{unique}")
    };
    names.iter().map(unique).collect()
}

/// Lower-case ASCII letters and digits, with underscores between words; empty if there are none.
fn name(label: &str) -> String {
    // The only labels that differ in these signs alone are keys, notes and units.
    let spelled = label.replace(['#', '♯'], " sharp ").replace('♭', " flat ");
    let latin = deunicode::deunicode_with_tofu(&spelled, " ");
    let mut name = String::new();
    for letter in latin.chars() {
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        } else if letter != '\'' && !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    name.truncate(name.trim_end_matches('_').len());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(labels: &[&str]) -> Vec<String> {
        let labels: Vec<String> = labels.iter().map(|label| label.to_string()).collect();
        let short = |address: String| address.strip_prefix(PREFIX).unwrap().to_owned();
        osc_addresses(&labels).into_iter().map(short).collect()
    }

    #[test]
    fn ordinary_labels_keep_the_addresses_of_version_0_1_0() {
        assert_eq!(
            of(&[
                "Male speech, man speaking",
                "*?[{/#  x",
                "crying_baby",
                "Hi-hat"
            ]),
            [
                "male_speech_man_speaking",
                "sharp_x",
                "crying_baby",
                "hi_hat"
            ]
        );
    }

    #[test]
    fn every_label_has_an_address_of_its_own() {
        assert_eq!(
            of(&["C", "C#", "c", "C 2", "C"]),
            ["c", "c_sharp", "c_3", "c_2", "c_4"]
        );
        assert_eq!(of(&["犬", "猫", "鳥"]), ["quan", "mao", "niao"]);
        assert_eq!(
            of(&["", "!!", "label 1", "🐶"])[..3],
            ["label_1", "label_2", "label_1_2"]
        );
        assert_eq!(of(&["été", "Дождь", "Straße"]), ["ete", "dozhd", "strasse"]);
    }

    #[test]
    fn addresses_of_any_labels_are_valid_and_unique() {
        let mut labels: Vec<String> = Vec::new();
        for code in (1..0x3000).step_by(7) {
            labels.extend(char::from_u32(code).map(String::from));
        }
        labels.extend(["label_1".to_owned(), "a_2".to_owned(), "A".to_owned()]);
        let addresses = osc_addresses(&labels);
        let distinct: HashSet<&String> = addresses.iter().collect();
        assert_eq!(distinct.len(), labels.len());
        for address in &addresses {
            let name = address.strip_prefix(PREFIX).unwrap();
            let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(!name.is_empty() && name.chars().all(valid), "{address:?}");
        }
        assert_eq!(addresses, osc_addresses(&labels));
    }
}
