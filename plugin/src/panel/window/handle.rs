//! The host's handle to an open window.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nice_plug::editor::dpi::NativeSize;
use nice_plug::editor::{
    EditorHandle, Modifiers, ParentWindowHandle, SpawnedEditor, VirtualKeyCode,
};
use nice_plug_egui::EguiEditorHandle;
use nice_plug_egui::baseview::{self, Window, WindowWaker};

/// The window's poll interval for notifications on X11: a century.
///
/// baseview (0.4.2) draws when the display answers its request for a frame. It subscribes to these
/// answers when its window is mapped, and sends no second request before the first is answered. A
/// request from before that is never answered, and the window stays blank for good. egui-baseview requests
/// a first frame at its first poll, 16 ms after the window was created, mapped or not; many hosts show
/// it later. Mapping it makes baseview request a frame by itself, so no other request may come before:
/// [`PanelHandle`] requests frames instead of the polls, once something was drawn. (`docs/upstream/`)
pub(super) const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// nice-plug-egui's handle, which also redraws the window at once when the host changed something.
pub struct PanelHandle {
    inner: EguiEditorHandle,
    waker: WindowWaker,
    drawn: Arc<AtomicBool>,
}

impl PanelHandle {
    /// `drawn` is set by the window's first frame.
    pub(super) fn around(
        SpawnedEditor { handle, window }: SpawnedEditor<EguiEditorHandle>,
        drawn: Arc<AtomicBool>,
    ) -> SpawnedEditor<Self> {
        let waker = window.waker();
        let handle = Self {
            inner: handle,
            waker,
            drawn,
        };
        SpawnedEditor { handle, window }
    }

    fn draw_soon(&self) {
        if self.drawn.load(Ordering::Relaxed) {
            self.waker.request_redraw();
        }
    }
}

impl EditorHandle for PanelHandle {
    type Window = Window;
    type Error = baseview::Error;

    fn run_until_closed(window: Window) -> Result<(), baseview::Error> {
        EguiEditorHandle::run_until_closed(window)
    }

    fn set_parent(
        &self,
        parent: ParentWindowHandle,
        window: &Window,
    ) -> Result<(), baseview::Error> {
        self.inner.set_parent(parent, window)
    }

    fn show(&self, window: &Window) -> Result<(), baseview::Error> {
        self.inner.show(window)?;
        self.draw_soon();
        Ok(())
    }

    fn hide(&self, window: &Window) -> Result<(), baseview::Error> {
        self.inner.hide(window)
    }

    fn set_size(&self, size: NativeSize<u32>, window: &Window) -> Result<(), baseview::Error> {
        self.inner.set_size(size, window)
    }

    fn host_main_thread_callback(&self, window: &Window) {
        self.inner.host_main_thread_callback(window);
    }

    fn adjust_size(&self, size: NativeSize<u32>, window: &Window) -> Option<NativeSize<u32>> {
        self.inner.adjust_size(size, window)
    }

    fn set_fallback_scale_factor(
        &self,
        factor: f64,
        window: &Window,
    ) -> Result<(), baseview::Error> {
        self.inner.set_fallback_scale_factor(factor, window)
    }

    fn on_virtual_key_from_host(
        &self,
        key: VirtualKeyCode,
        is_down: bool,
        modifiers: Modifiers,
    ) -> bool {
        self.inner.on_virtual_key_from_host(key, is_down, modifiers)
    }

    fn state_changed(&self) {
        self.inner.state_changed();
        self.draw_soon();
    }

    fn param_value_changed(&self, id: &str, value: f32) {
        self.inner.param_value_changed(id, value);
        self.draw_soon();
    }

    fn param_modulation_changed(&self, id: &str, offset: f32) {
        self.inner.param_modulation_changed(id, offset);
        self.draw_soon();
    }
}
