//! A VST3 host in one process, for Linux: load, process blocks with automation, show the panel.
//!
//! Everything but [`AudioThread`] belongs to the thread that loaded the module.
#![allow(unsafe_code, reason = "VST3 is a C++ interface: every call is unsafe")]

mod automation;
mod frame;
mod panel;
mod processing;

use std::ffi::{CString, c_char, c_void};
use std::os::fd::IntoRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use libloading::Library;
use vst3::Steinberg::Vst::{
    IAudioProcessor, IComponent, IEditController, IEditControllerTrait, ParameterInfo,
};
use vst3::Steinberg::{
    IPlugView, IPluginBaseTrait, IPluginFactory, IPluginFactoryTrait, PClassInfo, kResultOk,
    tresult,
};
use vst3::{ComPtr, Interface};

pub use frame::RunLoop;
pub use panel::Panel;
pub use processing::{AudioThread, Call};

/// A loaded VST3 library; unloaded with the last instance of it.
pub struct Module {
    factory: Option<ComPtr<IPluginFactory>>,
    library: Library,
}

/// Turns a result of VST3 into one of ours.
fn check(result: tresult, what: &str) -> Result<()> {
    ensure!(result == kResultOk, "{what}: result {result}");
    Ok(())
}

/// The library in a bundle, or the file itself.
fn library_of(path: &Path) -> Result<PathBuf> {
    if path.is_file() {
        return Ok(path.to_owned());
    }
    let name = path.file_stem().context("the bundle has no name")?;
    let folder = format!("Contents/{}-linux", std::env::consts::ARCH);
    let library = path.join(folder).join(name).with_extension("so");
    ensure!(library.exists(), "{} is missing", library.display());
    Ok(library)
}

impl Module {
    /// Loads a bundle or a bare library.
    ///
    /// # Errors
    /// It is no VST3 plugin.
    pub fn load(path: &Path) -> Result<Arc<Self>> {
        let path = library_of(path)?;
        // The descriptor is the module's handle: it stays open while this process lives.
        let handle = std::fs::File::open(&path)?.into_raw_fd();
        // SAFETY: a VST3 plugin that was built from this workspace; its entry points have these types
        // by the VST3 specification.
        unsafe {
            let library =
                Library::new(&path).with_context(|| format!("cannot load {}", path.display()))?;
            let enter: libloading::Symbol<unsafe extern "C" fn(*mut c_void) -> bool> =
                library.get(b"ModuleEntry\0")?;
            ensure!(enter(handle as *mut c_void), "the module refuses to start");
            let factory: libloading::Symbol<unsafe extern "system" fn() -> *mut IPluginFactory> =
                library.get(b"GetPluginFactory\0")?;
            let factory = ComPtr::from_raw(factory()).context("the module has no factory")?;
            Ok(Arc::new(Self {
                factory: Some(factory),
                library,
            }))
        }
    }

    /// Makes an instance of the first class.
    ///
    /// # Errors
    /// There is no class, or it refuses.
    pub fn create(self: &Arc<Self>) -> Result<Instance> {
        let factory = self.factory.as_ref().context("the module has ended")?;
        // SAFETY: the factory is alive, and every pointer is valid during its call.
        unsafe {
            let mut class: PClassInfo = std::mem::zeroed();
            check(factory.getClassInfo(0, &mut class), "class info")?;
            let mut object = std::ptr::null_mut();
            let interface = IComponent::IID.as_ptr().cast::<c_char>();
            let made = factory.createInstance(class.cid.as_ptr(), interface, &mut object);
            check(made, "createInstance")?;
            let component =
                ComPtr::from_raw(object.cast::<IComponent>()).context("no object was made")?;
            check(component.initialize(std::ptr::null_mut()), "initialize")?;
            Ok(Instance {
                processor: component.cast().context("no audio processor")?,
                controller: component.cast().context("no controller")?,
                component,
                _module: self.clone(),
            })
        }
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        self.factory = None;
        // SAFETY: no object of the module is left; the type is as in the specification.
        unsafe {
            if let Ok(exit) = (self.library).get::<unsafe extern "C" fn() -> bool>(b"ModuleExit\0")
            {
                exit();
            }
        }
    }
}

/// One instance; released with this value, without [`AudioThread::stop`] even while it is active.
pub struct Instance {
    processor: ComPtr<IAudioProcessor>,
    controller: ComPtr<IEditController>,
    component: ComPtr<IComponent>,
    _module: Arc<Module>,
}

impl Instance {
    /// The ids of all parameters.
    ///
    /// # Errors
    /// The plugin contradicts itself.
    pub fn parameters(&self) -> Result<Vec<u32>> {
        // SAFETY: the controller is alive, and `info` may be written.
        unsafe {
            (0..self.controller.getParameterCount())
                .map(|index| {
                    let mut info: ParameterInfo = std::mem::zeroed();
                    check(
                        self.controller.getParameterInfo(index, &mut info),
                        "parameter info",
                    )?;
                    Ok(info.id)
                })
                .collect()
        }
    }

    /// Sets up, activates and starts processing.
    ///
    /// # Errors
    /// The plugin refuses one of them.
    pub fn start(&self, rate: f64, block: usize) -> Result<AudioThread> {
        AudioThread::start(self, rate, block)
    }

    /// Makes one call, in any order: the result of the plugin. `rate` and `block` are for [`Call::SetUp`].
    pub fn call(&self, call: Call, rate: f64, block: usize) -> i32 {
        processing::call(self, call, rate, block)
    }

    /// Opens the panel in an X11 window, in a host with such a run loop.
    ///
    /// # Errors
    /// The plugin has no panel, or it refuses the window.
    pub fn open_panel(&self, window: u32, run_loop: RunLoop) -> Result<Panel> {
        Panel::open(self.view()?, window, run_loop)
    }

    /// Opens the panel in a host that asks for the size first, tells the scale factor second and attaches the view
    /// last. Also returns the size that the host was told first.
    ///
    /// # Errors
    /// The plugin has no panel, or it refuses the factor or the window.
    pub fn open_scaled_panel(&self, window: u32, factor: f32) -> Result<(Panel, (u32, u32))> {
        Panel::open_scaled(self.view()?, window, factor)
    }

    fn view(&self) -> Result<ComPtr<IPlugView>> {
        let name = CString::new("editor")?;
        // SAFETY: the controller is alive; a view that is returned belongs to the caller.
        let view = unsafe { ComPtr::from_raw(self.controller.createView(name.as_ptr())) };
        view.context("the plugin has no panel")
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: alive; its references go right after.
        unsafe { self.component.terminate() };
    }
}
