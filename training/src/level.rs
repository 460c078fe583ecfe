//! Switches the gain for quiet sound of finished models on and off.

use std::path::PathBuf;

use anyhow::Context;
use hamiltone_engine::features::LevelSettings;
use hamiltone_engine::model::ModelFile;

/// Arguments of `level`.
#[derive(clap::Args, Debug, Clone)]
pub struct LevelArguments {
    /// The models' files, which are replaced.
    #[arg(long, required = true, num_args = 1..)]
    pub model: Vec<PathBuf>,
    /// Switch it off.
    #[arg(long)]
    pub off: bool,
}

/// Writes the setting into the cards. The weights stay as they are.
///
/// # Errors
/// If a model cannot be read or written.
pub fn level(arguments: &LevelArguments) -> anyhow::Result<()> {
    for path in &arguments.model {
        let file = ModelFile::read(path).with_context(|| path.display().to_string())?;
        let level = (!arguments.off).then_some(LevelSettings::USUAL);
        with_level(file, level)?.write(path)?;
    }
    Ok(())
}

/// The model with this setting.
///
/// # Errors
/// If the setting is out of range.
pub fn with_level(mut file: ModelFile, level: Option<LevelSettings>) -> anyhow::Result<ModelFile> {
    file.card.features.level = level;
    Ok(ModelFile::seal(file.card, file.weights)?)
}
