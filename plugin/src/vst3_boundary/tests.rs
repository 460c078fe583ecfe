use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nice_plug::wrapper::vst3::{Wrapper, vst3};
use vst3::Steinberg::Vst::ChannelContext::IInfoListener;
use vst3::Steinberg::Vst::IComponentTrait;
use vst3::Steinberg::Vst::{
    IAudioPresentationLatency, IAudioProcessor, IAutomationState, IComponent, IConnectionPoint,
    IEditController, IEditController2, IEditControllerHostEditing, IKeyswitchController,
    IMidiLearn, IMidiMapping, INoteExpressionController, INoteExpressionPhysicalUIMapping,
    IParameterFunctionName, IPrefetchableSupport, IProcessContextRequirements, IProgramListData,
    IUnitData, IUnitInfo, IXmlRepresentationController,
};
use vst3::Steinberg::{
    FUnknown, IBStream, IBStream_::IStreamSeekMode_, IBStreamTrait, IPluginBase, IPluginFactory,
    IPluginFactory3, IPluginFactoryTrait, PClassInfo, int32, int64, kInvalidArgument,
    kNotImplemented, kResultFalse, kResultOk, tresult,
};
use vst3::com_scrape_types::{Guid, Unknown};
use vst3::{Class, ComPtr, ComWrapper, Interface};

use super::factory::Factory;
use crate::Hamiltone;

fn factory() -> ComPtr<IPluginFactory> {
    ComWrapper::new(Factory::default()).to_com_ptr().unwrap()
}

/// An instance as a host makes it.
fn create(factory: &ComPtr<IPluginFactory>) -> ComPtr<FUnknown> {
    let mut object: *mut c_void = std::ptr::null_mut();
    // SAFETY: the factory is alive, and all pointers are valid during the calls.
    unsafe {
        let mut class: PClassInfo = std::mem::zeroed();
        assert_eq!(factory.getClassInfo(0, &mut class), kResultOk);
        let interface = FUnknown::IID.as_ptr().cast();
        let made = factory.createInstance(class.cid.as_ptr(), interface, &mut object);
        assert_eq!(made, kResultOk);
        ComPtr::from_raw(object.cast()).unwrap()
    }
}

fn answers(object: &ComPtr<FUnknown>, interface: &Guid) -> bool {
    // SAFETY: the object is alive; the result owns a reference, which is released.
    unsafe {
        let found = FUnknown::query_interface(object.as_ptr(), interface);
        found
            .and_then(|found| ComPtr::from_raw(found.cast::<FUnknown>()))
            .is_some()
    }
}

/// A newer nice-plug may bring an interface that would be hidden here.
#[test]
fn an_instance_answers_to_the_same_interfaces_as_nice_plugs_own() {
    let ours = create(&factory());
    let bare: ComPtr<FUnknown> = ComWrapper::new(Wrapper::<Hamiltone>::new())
        .to_com_ptr()
        .unwrap();
    let interfaces = [
        FUnknown::IID,
        IPluginBase::IID,
        IComponent::IID,
        IEditController::IID,
        IAudioProcessor::IID,
        IMidiMapping::IID,
        INoteExpressionController::IID,
        IProcessContextRequirements::IID,
        IUnitInfo::IID,
        IInfoListener::IID,
        IAudioPresentationLatency::IID,
        IAutomationState::IID,
        IConnectionPoint::IID,
        IEditController2::IID,
        IEditControllerHostEditing::IID,
        IKeyswitchController::IID,
        IMidiLearn::IID,
        INoteExpressionPhysicalUIMapping::IID,
        IParameterFunctionName::IID,
        IPrefetchableSupport::IID,
        IProgramListData::IID,
        IUnitData::IID,
        IXmlRepresentationController::IID,
    ];
    for interface in &interfaces {
        let (ours, bare) = (answers(&ours, interface), answers(&bare, interface));
        assert_eq!(ours, bare, "{interface:02x?}");
    }
}

#[test]
fn an_instance_is_one_object_by_all_its_interfaces() {
    let object = create(&factory());
    let controller: ComPtr<IEditController> = object.cast().unwrap();
    let back: ComPtr<FUnknown> = controller.cast().unwrap();
    assert_eq!(back.as_ptr(), object.as_ptr());
}

#[test]
fn the_factory_refuses_what_it_does_not_know() {
    let factory = factory();
    assert!(factory.cast::<IPluginFactory3>().is_some());
    // SAFETY: the factory is alive, and all pointers are valid during the calls or null.
    unsafe {
        assert_eq!(factory.countClasses(), 1);
        let mut class: PClassInfo = std::mem::zeroed();
        for index in [-1, 1] {
            assert_eq!(factory.getClassInfo(index, &mut class), kInvalidArgument);
        }
        let null = std::ptr::null_mut();
        assert_eq!(factory.getClassInfo(0, null), kInvalidArgument);
        let (unknown, interface) = ([0; 16], FUnknown::IID.as_ptr().cast());
        let mut object = std::ptr::null_mut();
        let made = factory.createInstance(unknown.as_ptr(), interface, &mut object);
        assert_eq!(made, kInvalidArgument);
        assert!(object.is_null());
    }
}

/// How many threads of this process have the name of nice-plug's.
fn shared_threads() -> usize {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name.trim() == "bg-worker")
        .count()
}

#[test]
fn the_shared_thread_ends_with_the_first_instance_and_does_not_come_back() {
    for _ in 0..3 {
        let instance = create(&factory());
        let start = Instant::now();
        while shared_threads() > 0 {
            assert!(
                start.elapsed() < Duration::from_secs(5),
                "it is still there"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(instance);
    }
    assert_eq!(shared_threads(), 0);
}

/// A stream that reports its length and records whether it was read.
struct Endless {
    size: int64,
    read: AtomicBool,
}

impl Class for Endless {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Endless {
    unsafe fn read(&self, _to: *mut c_void, _size: int32, read: *mut int32) -> tresult {
        self.read.store(true, Ordering::Relaxed);
        if !read.is_null() {
            // SAFETY: the reader's pointer is valid.
            unsafe { read.write(0) };
        }
        kResultFalse
    }

    unsafe fn write(&self, _: *mut c_void, _: int32, _: *mut int32) -> tresult {
        kNotImplemented
    }

    unsafe fn seek(&self, _to: int64, mode: int32, result: *mut int64) -> tresult {
        let end = mode == IStreamSeekMode_::kIBSeekEnd as int32;
        if !result.is_null() {
            // SAFETY: the reader's pointer is valid.
            unsafe { result.write(if end { self.size } else { 0 }) };
        }
        kResultOk
    }

    unsafe fn tell(&self, position: *mut int64) -> tresult {
        // SAFETY: the reader's pointer is valid.
        unsafe { position.write(0) };
        kResultOk
    }
}

#[test]
fn a_state_that_is_far_too_large_is_refused_unread() {
    let component: ComPtr<IComponent> = create(&factory()).cast().unwrap();
    for (size, read) in [
        (150_000_000, false),
        (5_000_000_000, false),
        (-1, false),
        (500, true),
    ] {
        let stream = ComWrapper::new(Endless {
            size,
            read: AtomicBool::new(false),
        });
        let pointer: ComPtr<IBStream> = stream.to_com_ptr().unwrap();
        // SAFETY: the component and the stream are alive.
        let result = unsafe { component.setState(pointer.as_ptr()) };
        assert_eq!(result, kResultFalse, "{size} bytes");
        assert_eq!(stream.read.load(Ordering::Relaxed), read, "{size} bytes");
    }
}
