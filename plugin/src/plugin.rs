//! The plugin as nice-plug sees it.

use std::sync::Arc;

use nice_plug::midi::{Channel, Key, VoiceID};
use nice_plug::prelude::*;

use crate::hidden_instance;
use crate::panel::PanelEditor;
use crate::params::{HamiltoneParams, sanitize};
use crate::snapshot::Snapshot;
use crate::tap::{BarPosition, ScheduledNote, StreamFormat, Tap, TapMeters, Transport, tap};
use crate::worker::{SnapshotReader, Worker};

/// One instance.
pub struct Hamiltone {
    params: Arc<HamiltoneParams>,
    meters: Arc<TapMeters>,
    /// `Some` while the plugin is active.
    tap: Option<Tap>,
    /// Until the panel is created.
    snapshots: Option<SnapshotReader>,
    worker: Worker,
}

impl Default for Hamiltone {
    fn default() -> Self {
        let params = Arc::new(HamiltoneParams::default());
        let meters = Arc::new(TapMeters::default());
        let (worker, snapshots) = if hidden_instance::is_being_made() {
            Worker::idle()
        } else {
            Worker::spawn(params.clone(), meters.clone())
        };
        Self {
            params,
            meters,
            tap: None,
            snapshots: Some(snapshots),
            worker,
        }
    }
}

/// The host's event for a note, `timing` frames into the block.
fn event(timing: u32, note: ScheduledNote) -> PluginNoteEvent<Hamiltone> {
    let ScheduledNote {
        channel,
        key,
        velocity,
        ..
    } = note;
    match velocity {
        Some(velocity) => NoteEvent::NoteOn {
            timing,
            voice_id: VoiceID::Wildcard,
            channel: Channel::Number(channel),
            key: Key::Number(key),
            velocity,
        },
        None => NoteEvent::NoteOff {
            timing,
            voice_id: VoiceID::Wildcard,
            channel: Channel::Number(channel),
            key: Key::Number(key),
            velocity: 0.0,
        },
    }
}

const fn layout(channels: u32, name: &'static str) -> AudioIOLayout {
    AudioIOLayout {
        main_input_channels: NonZeroU32::new(channels),
        main_output_channels: NonZeroU32::new(channels),
        names: PortNames {
            layout: Some(name),
            ..PortNames::const_default()
        },
        ..AudioIOLayout::const_default()
    }
}

impl Plugin for Hamiltone {
    const NAME: &'static str = "Hamiltone";
    const VENDOR: &'static str = "Hamiltone";
    const URL: &'static str = "https://example.invalid/hamiltone";
    const EMAIL: &'static str = "hello@example.invalid";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] =
        &[layout(2, "Stereo"), layout(1, "Mono"), layout(6, "5.1")];

    const MIDI_OUTPUT: MidiConfig = MidiConfig::Basic;

    type Editor = PanelEditor;
    type SysExMessage = ();
    /// Unused: nice-plug's background thread is shared by all instances and may call into a dropped one.
    type BackgroundTask = ();

    fn task_executor(&mut self) -> TaskExecutor<Self> {
        if hidden_instance::is_being_made() {
            // Ends nice-plug's background thread: unwinding without a panic, nothing is reported.
            return Box::new(|()| std::panic::resume_unwind(Box::new(())));
        }
        Box::new(|()| ())
    }

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn editor(&mut self, executor: AsyncExecutor<Self>) -> Option<PanelEditor> {
        if hidden_instance::is_being_made() {
            executor.execute_background(());
            return None;
        }
        // nice-plug asks once; a second panel would get empty snapshots.
        let snapshots = self
            .snapshots
            .take()
            .unwrap_or_else(|| triple_buffer::triple_buffer(&Snapshot::default()).1);
        Some(PanelEditor::new(
            self.params.clone(),
            snapshots,
            self.worker.requests(),
            self.worker.history(),
        ))
    }

    fn filter_state(state: &mut PluginState) {
        sanitize(state);
    }

    fn activate(
        &mut self,
        layout: &AudioIOLayout,
        config: &BufferConfig,
        context: &mut impl ActivateContext<Self>,
    ) -> bool {
        let format = StreamFormat {
            sample_rate: f64::from(config.sample_rate),
            channels: layout.main_input_channels.map_or(0, NonZeroU32::get),
            // nice-plug's VST3 wrapper reports the mode of the previous setup: after an export, live playback would
            // be a render. In VST3 renders are detected by their pace alone.
            offline: config.process_mode == ProcessMode::Offline
                && context.plugin_api() != PluginApi::Vst3,
        };
        let (tap, outlet) = tap(format, self.meters.clone());
        self.tap = Some(tap);
        self.worker.start(outlet);
        context.set_latency_samples(0);
        true
    }

    fn reset(&mut self) {
        if let Some(tap) = &mut self.tap {
            tap.jump();
        }
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        // The output already is the input, bit for bit: nice-plug copies it if the host does not process
        // in place. Nothing here writes to it.
        if let Some(tap) = &mut self.tap {
            let transport = context.transport();
            tap.follow(Transport {
                position: transport.pos_samples(),
                playing: transport.playing,
            });
            tap.follow_bars(BarPosition::of(transport));
            if self.params.bypass.value() {
                tap.skip(buffer.samples());
            } else {
                tap.write(buffer.as_slice_immutable(), self.params.listen.value());
            }
            tap.play_notes(
                buffer.samples(),
                self.params.wants_notes(),
                |timing, note| {
                    // The host's queue is full: nothing can be done.
                    let _ = context.try_send_event(event(timing, note));
                },
            );
        }
        // Silence changes the labels too: the host must not suspend the plugin while an output is in use.
        let has_output = self.params.notes.value()
            || self.params.osc.value()
            || self.params.capture.value()
            || self.tap.as_ref().is_some_and(Tap::is_rendering);
        if has_output {
            ProcessStatus::KeepAlive
        } else {
            ProcessStatus::Normal
        }
    }

    fn deactivate(&mut self) {
        let was_rendering = self.tap.take().is_some_and(|tap| tap.is_rendering());
        let wait = was_rendering
            || self.params.capture.value()
            || self.params.settings.read().report_folder.is_some();
        self.worker.stop(wait);
    }
}

impl ClapPlugin for Hamiltone {
    const CLAP_ID: &'static str = "org.hamiltone.hamiltone";
    const CLAP_DESCRIPTION: Option<&'static str> =
        Some("Labels music, voices and sounds in real time; the audio passes unchanged");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::AudioEffect,
        ClapFeature::Analyzer,
        ClapFeature::Stereo,
        ClapFeature::Mono,
        ClapFeature::Surround,
    ];

    fn remote_controls(&self, context: &mut impl RemoteControlsContext) {
        let params = &self.params;
        context.add_section("Hamiltone", |section| {
            section.add_page("Response", |page| {
                page.add_param(&params.window);
                page.add_param(&params.attack);
                page.add_param(&params.release);
                page.add_param(&params.threshold);
                page.add_param(&params.hold);
                page.add_param(&params.listen);
                page.add_spacer();
                page.add_param(&params.bypass);
            });
            section.add_page("Outputs", |page| {
                page.add_param(&params.capture);
                page.add_param(&params.notes);
                page.add_param(&params.osc);
            });
        });
    }
}

impl Vst3Plugin for Hamiltone {
    const VST3_CLASS_ID: [u8; 16] = *b"HamiltoneTagger1";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Fx, Vst3SubCategory::Analyzer];
}

// The entry points are in `clap_boundary` and `vst3_boundary`.
