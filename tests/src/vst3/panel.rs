//! An open panel.

use std::ffi::c_void;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use vst3::Steinberg::{
    IPlugFrame, IPlugView, IPlugViewContentScaleSupport, IPlugViewContentScaleSupportTrait,
    IPlugViewTrait, ViewRect, kPlatformTypeX11EmbedWindowID,
};
use vst3::{ComPtr, ComWrapper};

use super::check;
use super::frame::{BareFrame, LoopFrame, RunLoop};

fn size_of(view: &ComPtr<IPlugView>) -> Result<(u32, u32)> {
    let mut size = ViewRect {
        left: 0,
        top: 0,
        right: 0,
        bottom: 0,
    };
    // SAFETY: the view is alive, and `size` may be written.
    check(unsafe { view.getSize(&mut size) }, "getSize")?;
    Ok((
        u32::try_from(size.right - size.left)?,
        u32::try_from(size.bottom - size.top)?,
    ))
}

/// A view in a window; taken out and released by [`Panel::close`].
pub struct Panel {
    view: ComPtr<IPlugView>,
    frame: ComPtr<IPlugFrame>,
    run_loop: Option<ComWrapper<LoopFrame>>,
}

impl Panel {
    pub(super) fn open(view: ComPtr<IPlugView>, window: u32, run_loop: RunLoop) -> Result<Self> {
        let run_loop = match run_loop {
            RunLoop::Offered => Some(LoopFrame::new(true)),
            RunLoop::Full => Some(LoopFrame::new(false)),
            RunLoop::Missing => None,
        };
        let frame: ComPtr<IPlugFrame> = match &run_loop {
            Some(frame) => frame.to_com_ptr(),
            None => ComWrapper::new(BareFrame).to_com_ptr(),
        }
        .context("a frame is a frame")?;
        // SAFETY: the view and the frame are alive; X11 ids are passed in place of a pointer.
        unsafe {
            check(view.setFrame(frame.as_ptr()), "setFrame")?;
            let parent = window as usize as *mut c_void;
            check(
                view.attached(parent, kPlatformTypeX11EmbedWindowID),
                "attached",
            )?;
        }
        Ok(Self {
            view,
            frame,
            run_loop,
        })
    }

    /// As [`Panel::open`], by a host that asks for the size before it tells the scale factor, both before it attaches
    /// the view. Also returns the size that it was told then.
    pub(super) fn open_scaled(
        view: ComPtr<IPlugView>,
        window: u32,
        factor: f32,
    ) -> Result<(Self, (u32, u32))> {
        let early = size_of(&view)?;
        let scale: ComPtr<IPlugViewContentScaleSupport> =
            view.cast().context("the view has no scale factor")?;
        // SAFETY: the view is alive.
        let result = unsafe { scale.setContentScaleFactor(factor) };
        check(result, "setContentScaleFactor")?;
        Ok((Self::open(view, window, RunLoop::Offered)?, early))
    }

    /// Width and height to which the plugin last asked the host to resize the panel.
    pub fn asked_for(&self) -> Option<(i32, i32)> {
        self.run_loop.as_ref().and_then(|frame| frame.asked_for())
    }

    /// Width and height in pixels.
    ///
    /// # Errors
    /// The panel does not say.
    pub fn size(&self) -> Result<(u32, u32)> {
        size_of(&self.view)
    }

    /// Runs the host's loop for so long.
    pub fn run_for(&self, time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time {
            if let Some(run_loop) = &self.run_loop {
                run_loop.run();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Takes the panel out of its window and releases it. Without `takes_back`, as hosts do that let
    /// the view go without taking their frame back. How many event handlers are left at the run loop.
    ///
    /// # Errors
    /// The panel was not open.
    pub fn close(self, takes_back: bool) -> Result<usize> {
        let Self {
            view,
            frame,
            run_loop,
        } = self;
        // SAFETY: the view is alive.
        unsafe {
            check(view.removed(), "removed")?;
            if takes_back {
                check(view.setFrame(std::ptr::null_mut()), "setFrame(null)")?;
            }
        }
        drop(view);
        drop(frame);
        Ok(run_loop.map_or(0, |run_loop| run_loop.handler_count()))
    }
}
