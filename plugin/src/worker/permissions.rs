//! What of the settings is acted upon: what this machine has agreed to ([`crate::agreements`]). The rest is asked.

use std::time::{Duration, Instant};

use hamiltone_engine::model::{Library, ModelChoice};

use crate::agreements::{Item, Store};
use crate::settings::{Purpose, Settings};
use crate::snapshot::{Request, Trouble};

/// How often the file is looked at while something is asked: another instance, or a person with an editor, may have
/// agreed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Permissions {
    store: Store,
    library: Library,
    /// What the settings ask for without an agreement.
    asked: Vec<Request>,
    /// What they ask for and cannot have.
    refused: Vec<Trouble>,
    /// Whether OSC messages may be sent where the settings say.
    pub(super) osc: bool,
    looked_at: Option<Instant>,
}

impl Permissions {
    /// `library`: files in its folders need no agreement.
    pub(super) fn new(store: Store, library: Library) -> Self {
        Self {
            store,
            library,
            asked: Vec::new(),
            refused: Vec::new(),
            osc: true,
            looked_at: None,
        }
    }

    /// Remembers an agreement (blocks: writes a file). Apply the settings again afterwards.
    pub(super) fn agree(&mut self, item: &Item) {
        if !self.is_known(item) {
            self.store.agree(item);
        }
    }

    /// Whether the agreements have changed since the settings were applied. Reads metadata of a file, at most once a
    /// second and only while something is asked.
    pub(super) fn have_changed(&mut self) -> bool {
        let due = self.looked_at.is_none_or(|at| at.elapsed() > LOOK_EVERY);
        if self.asked.is_empty() || !due {
            return false;
        }
        self.looked_at = Some(Instant::now());
        self.store.refresh()
    }

    /// The settings without what this machine has not agreed to. Reads the file of agreements if it has changed.
    pub(super) fn apply(&mut self, settings: &Settings) -> Settings {
        self.asked.clear();
        self.refused.clear();
        self.looked_at = Some(Instant::now());
        self.store.refresh();
        let mut allowed = settings.clone();
        for (folder, purpose) in [
            (&mut allowed.report_folder, Purpose::Reports),
            (&mut allowed.bounce_folder, Purpose::Timelines),
        ] {
            let item = folder.clone().map(Item::Folder);
            if !self.allows(item, purpose, None) {
                *folder = None;
            }
        }
        let compared = allowed.compare.as_deref_mut();
        let models = [
            (Some(&mut *allowed.model), Purpose::Model),
            (compared, Purpose::ComparedModel),
        ];
        for (choice, purpose) in models {
            let Some(choice) = choice else { continue };
            if !self.allows(Item::of_model(choice), purpose, Some(choice)) {
                choice.path = None;
            }
        }
        self.osc = self.allows(Item::of_osc(&settings.osc), Purpose::Osc, None);
        allowed
    }

    /// What is to be asked now. `sends_osc`: OSC is on. `running`: hashes of the models that run, which were found in
    /// a known place.
    pub(super) fn asked(&self, sends_osc: bool, running: &[&str]) -> Vec<Request> {
        let is_asked = |request: &&Request| match request.purpose {
            Purpose::Osc => sends_osc,
            Purpose::Model | Purpose::ComparedModel => {
                let hash = request.hash.as_deref();
                hash.is_none_or(|hash| !running.contains(&hash))
            }
            Purpose::Reports | Purpose::Timelines => true,
        };
        self.asked.iter().filter(is_asked).cloned().collect()
    }

    pub(super) fn troubles(&self) -> Vec<Trouble> {
        let problem = self.store.problem().map(|problem| Trouble {
            title: "Permissions not remembered".to_owned(),
            advice: format!("{problem}. What you allow is valid until the plugin is closed."),
        });
        self.refused.iter().cloned().chain(problem).collect()
    }

    /// Whether an item may be acted upon; notes what is to be asked.
    fn allows(
        &mut self,
        item: Option<Item>,
        purpose: Purpose,
        model: Option<&ModelChoice>,
    ) -> bool {
        let Some(item) = item else { return true };
        if self.is_known(&item) {
            return true;
        }
        if item.is_definite() {
            let hash = model.and_then(|choice| choice.hash.clone());
            self.asked.push(Request {
                purpose,
                item,
                hash,
            });
        } else {
            self.refused.push(not_definite(&item));
        }
        false
    }

    fn is_known(&self, item: &Item) -> bool {
        let in_library = matches!(item, Item::Model(path) if self.library.holds(path));
        in_library || self.store.covers(item)
    }
}

fn not_definite(item: &Item) -> Trouble {
    let (title, path) = match item {
        Item::Folder(path) => ("Folder not used", path.display().to_string()),
        Item::Model(path) => ("Model file not used", path.display().to_string()),
        Item::Osc(address) => ("OSC not sent", address.to_string()),
    };
    Trouble {
        title: title.to_owned(),
        advice: format!("{path:?} is not a full path without \"..\". Choose it again."),
    }
}
