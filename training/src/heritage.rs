//! The sounds and licences behind a model, as its card states them: its own, and those of earlier models and teachers.

use hamiltone_engine::model::Card;

/// Bytes of a text; the engine refuses cards with a text of more than 4000, and with line breaks.
const LONGEST: usize = 3_500;
const MORE: &str = "; and others, which do not fit here";

/// The part that one model plays in the making of another.
#[derive(Debug, Clone, Copy)]
pub enum Role {
    /// Its frozen trunk is the other's.
    Trunk,
    /// The other learned on from its weights.
    Beginning,
    /// The other learned from its answers.
    Teacher,
}

impl Role {
    const ALL: [Self; 3] = [Self::Trunk, Self::Beginning, Self::Teacher];

    fn words(self) -> &'static str {
        match self {
            Self::Trunk => "its trunk: ",
            Self::Beginning => "the model it began as: ",
            Self::Teacher => "its teacher: ",
        }
    }
}

/// The sounds that a model learned from and their licence, as its card has them: statements with
/// semicolons between.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heritage {
    /// The sounds that the model learned from.
    pub training_data: String,
    /// Under which licences.
    pub licence: String,
}

impl Heritage {
    /// From a model's card.
    pub fn of(card: &Card) -> Self {
        Self {
            training_data: card.training_data.clone(),
            licence: card.licence.clone(),
        }
    }

    /// Of a data set; its own words may be anything.
    pub fn new(training_data: &str, licence: &str) -> Self {
        Self {
            training_data: fitting(training_data),
            licence: fitting(licence),
        }
    }

    /// With another model's behind it. What is said already is not said again, so that it does not
    /// grow where a model goes through many generations on the same sounds.
    pub fn and(&self, role: Role, other: &Self) -> Self {
        Self::new(
            &join(&self.training_data, role, &other.training_data),
            &join(&self.licence, role, &other.licence),
        )
    }
}

fn join(own: &str, role: Role, other: &str) -> String {
    let said = statements(own);
    let mut new: Vec<&str> = Vec::new();
    for statement in statements(other) {
        if !said.contains(&statement) && !new.contains(&statement) {
            new.push(statement);
        }
    }
    let behind = match new.as_slice() {
        [] => String::new(),
        new => format!("{}{}", role.words(), new.join("; ")),
    };
    let parts = [own.to_owned(), behind];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}

/// One line that a card can hold, with a word where it does not hold all.
fn fitting(text: &str) -> String {
    let line = text.replace(char::is_control, " ");
    if line.len() <= LONGEST {
        return line;
    }
    let starts = line.char_indices().map(|(start, _)| start);
    let most = starts.take_while(|start| *start <= LONGEST - MORE.len());
    let most = &line[..most.last().unwrap_or(0)];
    let whole = most.rfind("; ").unwrap_or(most.len());
    format!("{}{MORE}", &most[..whole])
}

/// The statements of a text, whatever model they are about. A semicolon in parentheses ends none.
fn statements(text: &str) -> Vec<&str> {
    let mut depth = 0usize;
    let ends = |character: char| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ';' && depth == 0
    };
    let all = text.split(ends).map(bare);
    all.filter(|statement| !statement.is_empty()).collect()
}

/// Without the words of its role.
fn bare(statement: &str) -> &str {
    let statement = statement.trim();
    let about = |role: &Role| statement.strip_prefix(role.words());
    Role::ALL.iter().find_map(about).unwrap_or(statement)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_names_what_is_behind_it_once_however_many_generations() {
        let general = Heritage::new("gathered sounds", "CC0 and CC BY-SA");
        let own = Heritage::new("own sounds", "not stated");
        let first = own.and(Role::Trunk, &general);
        let licence = "not stated; its trunk: CC0 and CC BY-SA";
        assert_eq!(
            first,
            Heritage::new("own sounds; its trunk: gathered sounds", licence)
        );
        // Learned on, on the same sounds and on others, again and again.
        let esc = Heritage::new("ESC-10", "CC BY 3.0 (ESC-10)");
        let mut model = first.clone();
        for _ in 0..3 {
            model = own.and(Role::Beginning, &model);
            assert_eq!(
                model.licence,
                licence.replace("its trunk", "the model it began as")
            );
        }
        for _ in 0..3 {
            let of_esc = esc.and(Role::Beginning, &model);
            assert_eq!(
                of_esc.licence,
                "CC BY 3.0 (ESC-10); the model it began as: not stated; CC0 and CC BY-SA"
            );
            model = own.and(Role::Beginning, &of_esc);
        }
        let taught = esc.and(Role::Teacher, &Heritage::new("EfficientAT mn04 (MIT)", ""));
        assert_eq!(
            taught,
            Heritage::new(
                "ESC-10; its teacher: EfficientAT mn04 (MIT)",
                "CC BY 3.0 (ESC-10)"
            )
        );
    }

    #[test]
    fn parentheses_stay_whole() {
        let own = Heritage::new("", "CC BY; CC0 or CC BY (a set; not known)");
        let other = Heritage::new("", "CC BY-NC (another set; not known)");
        let model = own.and(Role::Beginning, &other);
        assert_eq!(
            model.licence,
            "CC BY; CC0 or CC BY (a set; not known); the model it began as: CC BY-NC (another set; \
             not known)"
        );
        assert_eq!(own.and(Role::Beginning, &model).licence, model.licence);
        let nothing = Heritage::new("", "").and(Role::Trunk, &own).licence;
        assert_eq!(nothing, format!("its trunk: {}", own.licence));
    }

    #[test]
    fn a_data_set_of_a_thousand_licences_fits_on_a_card() {
        let many: Vec<String> = (0..1_000).map(|n| format!("licence\nö {n}")).collect();
        let own = Heritage::new("own", &many.join("; "));
        assert!(own.licence.len() <= LONGEST && own.licence.starts_with("licence ö 0; "));
        let (_, last) = own
            .licence
            .trim_end_matches(MORE)
            .rsplit_once("; ")
            .unwrap();
        assert!(many.contains(&last.replacen(' ', "\n", 1)), "{last}");
        let child = Heritage::new("", "CC0").and(Role::Beginning, &own);
        let grandchild = Heritage::new("", "CC0").and(Role::Beginning, &child);
        assert!(child.licence.ends_with(MORE) && child.licence.len() <= LONGEST);
        assert_eq!(child, grandchild);
        let one = Heritage::new(&"ö".repeat(LONGEST), "");
        assert!(one.training_data.len() <= LONGEST && one.training_data.ends_with(MORE));
    }
}
