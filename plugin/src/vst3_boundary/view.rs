//! The panel's view as the host holds it.

use std::ffi::c_void;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicPtr, Ordering};

use nice_plug::wrapper::vst3::vst3;
use parking_lot::Mutex;
use vst3::Steinberg::Linux::IRunLoop;
use vst3::Steinberg::{
    FIDString, IPlugFrame, IPlugFrameTrait, IPlugView, IPlugViewContentScaleSupport,
    IPlugViewContentScaleSupport_::ScaleFactor, IPlugViewContentScaleSupportTrait, IPlugViewTrait,
    TBool, ViewRect, char16, int16, kResultOk, tresult,
};
use vst3::{Class, ComPtr, ComRef, ComWrapper};

use super::frame::{Frame, RunLoopFrame};

/// Forwards to nice-plug's view, but for the frame: nice-plug gets one of ours, so that what it
/// registers with the host's run loop can be taken back.
pub(super) struct View {
    inner: ComPtr<IPlugView>,
    scale: ComPtr<IPlugViewContentScaleSupport>,
    /// This object as the host knows it: the host's frame is asked to resize that one.
    this: AtomicPtr<IPlugView>,
    frame: Mutex<Option<Lent>>,
    /// The scale factor that the host set before it attached the view: nice-plug refuses it then.
    early_scale: Mutex<Option<ScaleFactor>>,
    /// Width and height that the host was told last.
    told: Mutex<Option<(i32, i32)>>,
}

/// The frame that nice-plug's view has.
enum Lent {
    Plain(ComWrapper<Frame>),
    WithRunLoop(ComWrapper<RunLoopFrame>),
}

impl Class for View {
    type Interfaces = (IPlugView, IPlugViewContentScaleSupport);
}

impl View {
    /// A view for the host around nice-plug's. `None` if that one lacks an interface: another version
    /// than the pinned one.
    pub(super) fn around(inner: ComPtr<IPlugView>) -> Option<ComPtr<IPlugView>> {
        let view = ComWrapper::new(Self {
            scale: inner.cast()?,
            inner,
            this: AtomicPtr::default(),
            frame: Mutex::new(None),
            early_scale: Mutex::new(None),
            told: Mutex::new(None),
        });
        let pointer = view.to_com_ptr::<IPlugView>()?;
        view.this.store(pointer.as_ptr(), Ordering::Relaxed);
        Some(pointer)
    }

    /// Gives nice-plug's view the host's frame.
    fn enter(&self, host: ComRef<'_, IPlugFrame>) -> tresult {
        let frame = || Frame::new(host.to_com_ptr(), self.this.load(Ordering::Relaxed));
        // nice-plug opens two descriptors for a run loop, and panics if it cannot: at the limit the
        // panel lives without.
        if let Some(run_loop) = host.cast::<IRunLoop>()
            && UnixStream::pair().is_ok()
        {
            let offered = ComWrapper::new(RunLoopFrame::new(frame(), run_loop));
            let result = self.pass_on(offered.to_com_ptr());
            let refused = offered.was_refused();
            *self.frame.lock() = Some(Lent::WithRunLoop(offered));
            if !refused {
                return result;
            }
            self.leave();
        }
        let offered = ComWrapper::new(frame());
        let result = self.pass_on(offered.to_com_ptr());
        *self.frame.lock() = Some(Lent::Plain(offered));
        result
    }

    /// Releases what nice-plug's view was given and what it registered.
    fn leave(&self) {
        let Some(lent) = self.frame.lock().take() else {
            return;
        };
        match lent {
            Lent::Plain(frame) => {
                frame.close();
                self.pass_on(None);
            }
            Lent::WithRunLoop(frame) => {
                // First the host stops watching the descriptor, then nice-plug closes it.
                frame.close();
                self.pass_on(None);
                frame.release_handler();
            }
        }
    }

    /// The size in pixels now.
    fn size(&self) -> Option<ViewRect> {
        let mut size = ViewRect {
            left: 0,
            top: 0,
            right: 0,
            bottom: 0,
        };
        // SAFETY: `size` may be written.
        (unsafe { self.inner.getSize(&mut size) } == kResultOk).then_some(size)
    }

    /// Sets the scale factor that came too early. If the view then has another size than the host was told, asks the
    /// host to resize it.
    fn correct_size(&self) {
        let early = self.early_scale.lock().take(); // unlocked before the call
        if let Some(factor) = early {
            // SAFETY: a call by value.
            unsafe { self.scale.setContentScaleFactor(factor) };
        }
        let Some(mut size) = self.size() else { return };
        let told = self.told.lock().replace(extent(&size));
        let Some(frame) = self.frame.lock().as_ref().and_then(Lent::interface) else {
            return;
        };
        if told.is_some_and(|told| told != extent(&size)) {
            // SAFETY: our frame, which passes on this view in place of null. No lock is held: the host calls back.
            unsafe { frame.resizeView(std::ptr::null_mut(), &mut size) };
        }
    }

    fn pass_on(&self, frame: Option<ComPtr<IPlugFrame>>) -> tresult {
        let frame = frame.as_ref().map_or(std::ptr::null_mut(), ComPtr::as_ptr);
        // SAFETY: null, or alive during the call; nice-plug takes a reference of its own.
        unsafe { self.inner.setFrame(frame) }
    }
}

impl Lent {
    fn interface(&self) -> Option<ComPtr<IPlugFrame>> {
        match self {
            Self::Plain(frame) => frame.to_com_ptr(),
            Self::WithRunLoop(frame) => frame.to_com_ptr(),
        }
    }
}

/// Width and height.
fn extent(size: &ViewRect) -> (i32, i32) {
    (size.right - size.left, size.bottom - size.top)
}

impl Drop for View {
    /// Not every host takes its frame back before it releases a view.
    fn drop(&mut self) {
        self.leave();
    }
}

/// A method that does nothing but call the same one of a field.
macro_rules! forward {
    ($($field:ident: fn $name:ident($($argument:ident: $type:ty),*);)*) => {
        $(unsafe fn $name(&self, $($argument: $type),*) -> tresult {
            // SAFETY: the host's arguments are passed on as they are, to an object that lives as long
            // as `self`.
            unsafe { self.$field.$name($($argument),*) }
        })*
    };
}

impl IPlugViewTrait for View {
    unsafe fn setFrame(&self, frame: *mut IPlugFrame) -> tresult {
        self.leave();
        // SAFETY: the host's pointer is null or valid during this call.
        match unsafe { ComRef::from_raw(frame) } {
            Some(frame) => self.enter(frame),
            None => kResultOk,
        }
    }

    unsafe fn attached(&self, parent: *mut c_void, platform: FIDString) -> tresult {
        // SAFETY: the host's arguments are passed on as they are.
        let result = unsafe { self.inner.attached(parent, platform) };
        if result == kResultOk {
            self.correct_size();
        }
        result
    }

    unsafe fn getSize(&self, size: *mut ViewRect) -> tresult {
        // SAFETY: the host's argument is passed on as it is.
        let result = unsafe { self.inner.getSize(size) };
        // SAFETY: null, or the host's rectangle.
        let size = unsafe { size.as_ref() };
        if let Some(size) = size
            && result == kResultOk
        {
            *self.told.lock() = Some(extent(size));
        }
        result
    }

    forward! {
        inner: fn isPlatformTypeSupported(platform: FIDString);
        inner: fn removed();
        inner: fn onWheel(distance: f32);
        inner: fn onKeyDown(key: char16, code: int16, modifiers: int16);
        inner: fn onKeyUp(key: char16, code: int16, modifiers: int16);
        inner: fn onSize(size: *mut ViewRect);
        inner: fn onFocus(state: TBool);
        inner: fn canResize();
        inner: fn checkSizeConstraint(rect: *mut ViewRect);
    }
}

impl IPlugViewContentScaleSupportTrait for View {
    /// The factor may come before the view is attached, as it does in most hosts.
    unsafe fn setContentScaleFactor(&self, factor: ScaleFactor) -> tresult {
        // SAFETY: a call by value.
        let result = unsafe { self.scale.setContentScaleFactor(factor) };
        if result != kResultOk && factor.is_finite() && factor > 0.0 {
            *self.early_scale.lock() = Some(factor);
            return kResultOk;
        }
        result
    }
}
