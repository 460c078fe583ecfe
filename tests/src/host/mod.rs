//! A CLAP host in one process: load, negotiate a layout, process blocks, save and load state.
//!
//! Everything but [`Stream`] belongs to the thread that opened the plugin (the "main thread" of
//! CLAP); a stream may move to an audio thread.

mod handlers;
mod stream;

use std::ffi::CString;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, anyhow, ensure};
use clack_extensions::audio_ports_config::PluginAudioPortsConfig;
use clack_extensions::gui::PluginGui;
use clack_extensions::latency::PluginLatency;
use clack_extensions::params::{ParamInfoBuffer, ParamInfoFlags, PluginParams};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_host::prelude::*;
use clack_host::utils::ClapId;

use handlers::{Handlers, Main, Shared, Signals};
pub use stream::{Note, Stream, set_parameter};

/// The plugin's channel layouts, by their CLAP ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Two channels.
    Stereo,
    /// One channel.
    Mono,
    /// Six channels.
    Surround51,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 3] = [Self::Stereo, Self::Mono, Self::Surround51];

    /// How many channels go in, and as many come out.
    pub fn channels(self) -> usize {
        match self {
            Self::Stereo => 2,
            Self::Mono => 1,
            Self::Surround51 => 6,
        }
    }
}

/// A parameter as the host sees it.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its number in CLAP.
    pub id: ClapId,
    /// What a person reads.
    pub name: String,
    /// The present value in the host's units (0 to 1 for a continuous one).
    pub value: f64,
    /// Whether the host may join it with its own bypass button.
    pub is_bypass: bool,
}

/// One instance of the plugin.
pub struct Plugin {
    instance: PluginInstance<Handlers>,
    signals: Arc<Signals>,
}

impl Plugin {
    /// Loads the bundle and makes an instance of the plugin in it.
    ///
    /// # Errors
    /// It is no CLAP bundle, or it refuses to start.
    pub fn open(bundle: &Path) -> Result<Self> {
        Self::from_entry(&load_entry(bundle)?)
    }

    /// Another instance from a loaded bundle.
    ///
    /// # Errors
    /// The bundle holds no plugin, or it refuses to start.
    pub fn from_entry(entry: &PluginEntry) -> Result<Self> {
        let factory = entry
            .get_plugin_factory()
            .context("the bundle has no plugin factory")?;
        let id: CString = factory
            .plugin_descriptors()
            .next()
            .and_then(|descriptor| Some(descriptor.id()?.to_owned()))
            .context("the bundle describes no plugin")?;
        let version = env!("CARGO_PKG_VERSION");
        let info = HostInfo::new(
            "Hamiltone tests",
            "Hamiltone",
            "https://example.invalid",
            version,
        )?;
        let signals = Arc::new(Signals::default());
        let instance = PluginInstance::<Handlers>::new(
            |_| Shared::new(signals.clone()),
            |shared| Main::new(shared),
            entry,
            &id,
            &info,
        )?;
        Ok(Self { instance, signals })
    }

    /// Gives the plugin the main thread for a moment if it asked for it. Hosts do so often.
    pub fn pump(&mut self) {
        if self.signals.callback.swap(false, Ordering::AcqRel) {
            self.instance.call_on_main_thread_callback();
        }
    }

    /// The saved state.
    ///
    /// # Errors
    /// The plugin cannot save.
    pub fn save(&mut self) -> Result<Vec<u8>> {
        let extension: PluginState = self.extension("state")?;
        let mut bytes = Vec::new();
        extension.save(&self.handle(), &mut bytes)?;
        Ok(bytes)
    }

    /// Loads a saved state.
    ///
    /// # Errors
    /// The plugin refuses it.
    pub fn load(&mut self, mut state: &[u8]) -> Result<()> {
        let extension: PluginState = self.extension("state")?;
        extension.load(&self.handle(), &mut state)?;
        self.pump();
        Ok(())
    }

    /// Tells the plugin whether the next activation renders offline.
    ///
    /// # Errors
    /// The plugin refuses.
    pub fn set_offline(&mut self, offline: bool) -> Result<()> {
        let extension: PluginRender = self.extension("render")?;
        let mode = if offline {
            RenderMode::Offline
        } else {
            RenderMode::Realtime
        };
        extension
            .set(&self.handle(), mode)
            .map_err(|error| anyhow!("render mode: {error}"))
    }

    /// Samples that the sound is delayed.
    ///
    /// # Errors
    /// The plugin does not say.
    pub fn latency(&mut self) -> Result<u32> {
        let extension: PluginLatency = self.extension("latency")?;
        Ok(extension.get(&self.handle()))
    }

    /// All parameters with their present values.
    ///
    /// # Errors
    /// The plugin contradicts itself.
    pub fn parameters(&mut self) -> Result<Vec<Parameter>> {
        let extension: PluginParams = self.extension("params")?;
        let handle = self.handle();
        (0..extension.count(&handle))
            .map(|index| {
                let mut buffer = ParamInfoBuffer::new();
                let info = extension
                    .get_info(&handle, index, &mut buffer)
                    .context("no info")?;
                Ok(Parameter {
                    id: info.id,
                    name: String::from_utf8_lossy(info.name).into_owned(),
                    value: extension.get_value(&handle, info.id).context("no value")?,
                    is_bypass: info.flags.contains(ParamInfoFlags::IS_BYPASS),
                })
            })
            .collect()
    }

    /// Chooses the layout, activates and starts processing.
    ///
    /// # Errors
    /// The plugin refuses one of them.
    pub fn start(&mut self, layout: Layout, sample_rate: u32, max_block: usize) -> Result<Stream> {
        let extension: PluginAudioPortsConfig = self.extension("audio-ports-config")?;
        extension
            .select(&self.handle(), ClapId::new(layout as u32))
            .map_err(|error| anyhow!("layout {layout:?}: {error}"))?;
        let configuration = PluginAudioConfiguration {
            sample_rate: f64::from(sample_rate),
            min_frames_count: 1,
            max_frames_count: u32::try_from(max_block)?,
        };
        let stopped = self.instance.activate(|_, _| (), configuration)?;
        let processor = stopped
            .start_processing()
            .map_err(|_| anyhow!("the plugin does not start processing"))?;
        Ok(Stream::new(
            processor,
            layout.channels(),
            max_block,
            f64::from(sample_rate),
        ))
    }

    /// Stops processing and deactivates.
    pub fn stop(&mut self, stream: Stream) {
        self.instance.deactivate(stream.into_stopped());
        self.pump();
    }

    /// The panel's extension.
    ///
    /// # Errors
    /// The plugin has no panel.
    pub fn gui(&self) -> Result<PluginGui> {
        self.extension("gui")
    }

    /// What the extensions of clack ask for; of the main thread.
    pub fn handle(&mut self) -> PluginMainThreadHandle<'_> {
        self.instance.plugin_handle()
    }

    /// The size that the panel last asked for, in pixels.
    pub fn requested_size(&self) -> Option<(u32, u32)> {
        let packed = self.signals.requested_size.load(Ordering::Acquire);
        (packed != 0).then_some(((packed >> 32) as u32, packed as u32))
    }

    /// How often the plugin said that its state had changed.
    pub fn times_marked_dirty(&self) -> u32 {
        self.signals.dirty.load(Ordering::Acquire)
    }

    fn extension<
        E: clack_host::extensions::Extension<
                ExtensionSide = clack_host::extensions::PluginExtensionSide,
            >,
    >(
        &self,
        name: &str,
    ) -> Result<E> {
        let extension = self.instance.plugin_shared_handle().get_extension();
        extension.with_context(|| format!("the plugin has no extension {name}"))
    }
}

/// Loads a bundle's library once; instances are made from it.
///
/// # Errors
/// It is no CLAP bundle.
#[allow(unsafe_code)] // loading a library runs its code: no way around it
pub fn load_entry(bundle: &Path) -> Result<PluginEntry> {
    ensure!(bundle.exists(), "{} is missing", bundle.display());
    // SAFETY: the bundle is our own plugin, built from this workspace by nice-plug, whose CLAP
    // entry follows the specification.
    unsafe { PluginEntry::load(bundle) }
        .with_context(|| format!("cannot load {}", bundle.display()))
}
