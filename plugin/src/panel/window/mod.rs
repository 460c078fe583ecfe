//! The panel's window: opened by the host, drawn by [`draw`](super::view::draw), its actions carried out here.

mod app;
mod desktop;
mod dialogs;
mod files;
mod handle;
mod window_threads;

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize};
use nice_plug::editor::{HostMethods, SpawnedEditor};
use nice_plug::prelude::*;
use nice_plug_egui::{EguiEditorState, EguiNiceSettings, RepaintNotifier, create_egui_editor};
use parking_lot::Mutex;

use crate::history::History;
use crate::params::HamiltoneParams;
use crate::settings::PanelSize;
use crate::worker::{Requests, SnapshotReader};
use app::{PanelApp, Shared};
use dialogs::Dialogs;
use handle::PanelHandle;
use window_threads::WindowThreads;

/// Opens a window whenever the host asks for one, in the size that the session remembers.
///
/// nice-plug-egui's own editor keeps its size in a type that cannot be saved, and keeps the app
/// (and with it a handle to the instance) after the window is closed. So each window gets its own.
pub struct PanelEditor {
    shared: Arc<Shared>,
    threads: WindowThreads,
}

impl PanelEditor {
    /// For the instance with these parameters.
    pub fn new(
        params: Arc<HamiltoneParams>,
        snapshots: SnapshotReader,
        requests: Requests,
        history: Arc<Mutex<History>>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                params,
                snapshots: Mutex::new(snapshots),
                requests,
                history,
                dialogs: Dialogs::default(),
                scale: AtomicU32::new(1f32.to_bits()),
            }),
            threads: WindowThreads::default(),
        }
    }

    fn logical_size(&self) -> LogicalSize<f32> {
        let PanelSize { width, height } = self.shared.params.panel.read().clamped();
        LogicalSize::new(width as f32, height as f32)
    }
}

impl Editor for PanelEditor {
    type Handle = PanelHandle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<PanelHandle>, Box<dyn Error>> {
        let mut settings = EguiNiceSettings::default()
            .with_tile("Hamiltone")
            .with_resize_hint(self.resize_hint());
        if cfg!(target_os = "linux") {
            settings.repaint_poll_interval = handle::NEVER;
        }
        let drawn = Arc::new(AtomicBool::new(false));
        let state = EguiEditorState::from_size(self.logical_size(), 1.0);
        let app = PanelApp::new(self.shared.clone(), self.threads.hold(), drawn.clone());
        let editor =
            create_egui_editor(state, RepaintNotifier::new(), settings, app).ok_or("no editor")?;
        // baseview panics if the system refuses it a descriptor or a thread: the host would end.
        let spawned = catch_unwind(AssertUnwindSafe(|| {
            editor.spawn(
                parent,
                wait_for_parent,
                fallback_scale_factor,
                gui_context,
                host,
            )
        }));
        let spawned = spawned.map_err(|_| "the system refused a window")??;
        // Hosts ask for the size in pixels before the first frame.
        self.shared.set_scale(spawned.window.size().scale_factor);
        Ok(PanelHandle::around(spawned, drawn))
    }

    fn size(&self) -> NativeSize<u32> {
        let scale = f32::from_bits(self.shared.scale.load(Ordering::Relaxed));
        NativeSize::from_size(self.logical_size().into(), f64::from(scale))
    }

    fn resize_hint(&self) -> ResizeHint {
        let PanelSize { width, height } = PanelSize::MIN;
        ResizeHint::RESIZABLE.with_min_logical_size(LogicalSize::new(width as f32, height as f32))
    }
}
