//! What sessions may do outside of the plugin on this machine.
//!
//! A session may come from somebody else: a shared project, a preset, a template. Loading it must not create folders,
//! read files or send packets that the user of this machine never asked for. So an [`Item`] is acted upon only after
//! the user agreed to it, once per machine: by choosing it in the panel, by pressing *Allow* there, or by an entry in
//! the [file](file::path).

pub mod file;
mod store;

use std::net::IpAddr;
use std::path::{Component, Path, PathBuf};

use hamiltone_engine::model::ModelChoice;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::settings::{Edit, OscSettings};
pub use store::Store;

/// Something that acts outside of the plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Creates this folder and writes files in it.
    Folder(PathBuf),
    /// Reads this model file.
    Model(PathBuf),
    /// Sends OSC messages to this address, any port.
    Osc(IpAddr),
}

impl Item {
    /// The file of a choice, if it names one.
    pub fn of_model(choice: &ModelChoice) -> Option<Self> {
        choice.path.clone().map(Self::Model)
    }

    /// The address of OSC messages; `None` if it is this machine's, or not an address.
    pub fn of_osc(settings: &OscSettings) -> Option<Self> {
        let address: IpAddr = settings.host.parse().ok()?;
        (!address.is_loopback()).then_some(Self::Osc(address))
    }

    /// What the user agrees to by making a change in the panel.
    pub fn of_edit(edit: &Edit) -> Option<Self> {
        match edit {
            Edit::ChooseModel(choice) | Edit::Compare(choice) => Self::of_model(choice),
            Edit::BounceFolder(folder) => Some(Self::Folder(folder.clone())),
            Edit::OscDestination { host, .. } => {
                let host = host.clone();
                Self::of_osc(&OscSettings {
                    host,
                    ..OscSettings::default()
                })
            }
            _ => None,
        }
    }

    /// Whether it can be agreed to. Paths must be full and without `..`: others would depend on the host's working
    /// folder, or lead out of a folder that was agreed to.
    pub fn is_definite(&self) -> bool {
        match self {
            Self::Folder(path) | Self::Model(path) => is_definite(path),
            Self::Osc(_) => true,
        }
    }
}

fn is_definite(path: &Path) -> bool {
    path.is_absolute() && !path.components().any(|part| part == Component::ParentDir)
}

/// All that was agreed to on this machine. Fields of newer programs are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Agreements {
    /// Files may be written into these folders and below.
    pub folders: Vec<PathBuf>,
    /// These model files may be read, and those below a folder in this list.
    pub models: Vec<PathBuf>,
    /// OSC messages may be sent to these addresses.
    pub osc: Vec<IpAddr>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

impl Agreements {
    /// Whether this was agreed to. Compares names only: reads nothing, so that no network path is looked up.
    pub fn cover(&self, item: &Item) -> bool {
        // An entry that is not a full path would be the start of any path, or of none.
        let cover = |paths: &[PathBuf], path: &Path| {
            let mut paths = paths.iter().filter(|entry| is_definite(entry));
            paths.any(|entry| path.starts_with(entry))
        };
        item.is_definite()
            && match item {
                Item::Folder(path) => cover(&self.folders, path),
                Item::Model(path) => cover(&self.models, path),
                Item::Osc(address) => self.osc.contains(address),
            }
    }

    fn add(&mut self, item: &Item) {
        match item.clone() {
            _ if self.cover(item) || !item.is_definite() => {}
            Item::Folder(path) => self.folders.push(path),
            Item::Model(path) => self.models.push(path),
            Item::Osc(address) => self.osc.push(address),
        }
    }
}

#[cfg(test)]
mod tests;
