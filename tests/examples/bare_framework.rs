//! A plugin with nothing of ours around nice-plug, for `tests/framework.rs` and for reports to those who
//! make it: five parameters, sound that passes untouched, and a panel of coloured squares.

use std::sync::Arc;

use nice_plug::editor::dpi::LogicalSize;
use nice_plug::prelude::*;
use nice_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier,
    create_egui_editor,
};

#[derive(Params)]
struct Five {
    #[id = "one"]
    one: FloatParam,
    #[id = "two"]
    two: FloatParam,
    #[id = "three"]
    three: FloatParam,
    #[id = "four"]
    four: FloatParam,
    #[id = "five"]
    five: FloatParam,
}

impl Default for Five {
    fn default() -> Self {
        let parameter =
            |name: &str| FloatParam::new(name, 0.5, FloatRange::Linear { min: 0.0, max: 1.0 });
        Self {
            one: parameter("One"),
            two: parameter("Two"),
            three: parameter("Three"),
            four: parameter("Four"),
            five: parameter("Five"),
        }
    }
}

#[derive(Default)]
struct Bare {
    params: Arc<Five>,
}

/// Eight by eight squares, each of a colour of its own.
struct Squares;

impl NiceEguiApp for Squares {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut Frame) {
        let size = ui.available_size() / 8.0;
        for index in 0..64u8 {
            let (column, row) = (f32::from(index % 8), f32::from(index / 8));
            let corner = egui::pos2(column * size.x, row * size.y);
            let colour = egui::Color32::from_rgb(4 * index, 255 - 4 * index, 128);
            let square = egui::Rect::from_min_size(corner, size);
            ui.painter().rect_filled(square, 0.0, colour);
        }
    }
}

impl Plugin for Bare {
    const NAME: &'static str = "Bare";
    const VENDOR: &'static str = "Hamiltone tests";
    const URL: &'static str = "https://example.invalid";
    const EMAIL: &'static str = "hello@example.invalid";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[AudioIOLayout {
        main_input_channels: NonZeroU32::new(2),
        main_output_channels: NonZeroU32::new(2),
        ..AudioIOLayout::const_default()
    }];

    type Editor = EguiEditor<Squares>;
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn editor(&mut self, _executor: AsyncExecutor<Self>) -> Option<EguiEditor<Squares>> {
        let size = LogicalSize::new(400.0, 300.0);
        create_egui_editor(
            EguiEditorState::from_size(size, 1.0),
            RepaintNotifier::new(),
            EguiNiceSettings::default(),
            Squares,
        )
    }

    fn process(
        &mut self,
        _buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        _context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        ProcessStatus::Normal
    }
}

impl ClapPlugin for Bare {
    const CLAP_ID: &'static str = "org.hamiltone.bare";
    const CLAP_DESCRIPTION: Option<&'static str> = None;
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[ClapFeature::AudioEffect];
}

impl Vst3Plugin for Bare {
    const VST3_CLASS_ID: [u8; 16] = *b"HamiltoneBareOne";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] = &[Vst3SubCategory::Fx];
}

nice_export_clap!(Bare);
nice_export_vst3!(Bare);
