//! An instance as the host sees it: every call is forwarded to nice-plug's object.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};

use nice_plug::wrapper::vst3::{Wrapper, vst3};
use vst3::Steinberg::Vst::ChannelContext::{IInfoListener, IInfoListenerTrait};
use vst3::Steinberg::Vst::{
    BusDirection, BusInfo, CString, CtrlNumber, IAttributeList, IAudioProcessor,
    IAudioProcessorTrait, IComponent, IComponentHandler, IComponentTrait, IEditController,
    IEditControllerTrait, IMidiMapping, IMidiMappingTrait, INoteExpressionController,
    INoteExpressionControllerTrait, IProcessContextRequirements, IProcessContextRequirementsTrait,
    IUnitInfo, IUnitInfoTrait, IoMode, MediaType, NoteExpressionTypeID, NoteExpressionTypeInfo,
    NoteExpressionValue, ParamID, ParamValue, ParameterInfo, ProcessData, ProcessModes_,
    ProcessSetup, ProgramListID, ProgramListInfo, RoutingInfo, SpeakerArrangement, String128,
    SymbolicSampleSizes_, TChar, UnitID, UnitInfo,
};
use vst3::Steinberg::{
    FIDString, FUnknown, IBStream, IBStream_::IStreamSeekMode_, IBStreamTrait, IPlugView,
    IPluginBaseTrait, TBool, TUID, int16, int32, kResultFalse, kResultOk, tresult, uint32,
};
use vst3::{Class, ComPtr, ComRef, ComWrapper};

#[cfg(target_os = "linux")]
use super::view::View;
use crate::Hamiltone;
use crate::params::LARGEST_STATE;

/// nice-plug's object, by each of its interfaces.
pub(super) struct Instance {
    component: ComPtr<IComponent>,
    controller: ComPtr<IEditController>,
    processor: ComPtr<IAudioProcessor>,
    midi: ComPtr<IMidiMapping>,
    expression: ComPtr<INoteExpressionController>,
    requirements: ComPtr<IProcessContextRequirements>,
    units: ComPtr<IUnitInfo>,
    listener: ComPtr<IInfoListener>,
    /// Whether the host has called `setupProcessing`.
    is_set_up: AtomicBool,
}

impl Class for Instance {
    type Interfaces = (
        IComponent,
        IEditController,
        IAudioProcessor,
        IMidiMapping,
        INoteExpressionController,
        IProcessContextRequirements,
        IUnitInfo,
        IInfoListener,
    );
}

impl Instance {
    /// `None` if nice-plug's object lacks one of the interfaces: another version than the pinned one.
    pub(super) fn new() -> Option<Self> {
        let object = ComWrapper::new(Wrapper::<Hamiltone>::new());
        Some(Self {
            component: object.to_com_ptr()?,
            controller: object.to_com_ptr()?,
            processor: object.to_com_ptr()?,
            midi: object.to_com_ptr()?,
            expression: object.to_com_ptr()?,
            requirements: object.to_com_ptr()?,
            units: object.to_com_ptr()?,
            listener: object.to_com_ptr()?,
            is_set_up: AtomicBool::new(false),
        })
    }
}

/// Whether a stream holds no more than a state of ours can have. nice-plug would read and parse it all.
///
/// # Safety
/// The pointer is null or a valid stream.
unsafe fn is_of_a_states_size(stream: *mut IBStream) -> bool {
    // SAFETY: by the caller.
    let Some(stream) = (unsafe { ComRef::from_raw(stream) }) else {
        return false;
    };
    let (mut start, mut end) = (0, 0);
    // SAFETY: the stream is alive, and both numbers may be written.
    let results = unsafe {
        [
            stream.tell(&mut start),
            stream.seek(0, IStreamSeekMode_::kIBSeekEnd as int32, &mut end),
            stream.seek(start, IStreamSeekMode_::kIBSeekSet as int32, null_mut()),
        ]
    };
    let size = end.checked_sub(start).map(u64::try_from);
    results == [kResultOk; 3] && matches!(size, Some(Ok(size)) if size <= LARGEST_STATE)
}

/// A setup for hosts that activate without one.
fn usual_setup() -> ProcessSetup {
    ProcessSetup {
        processMode: ProcessModes_::kRealtime as int32,
        symbolicSampleSize: SymbolicSampleSizes_::kSample32 as int32,
        maxSamplesPerBlock: 8_192,
        sampleRate: 48_000.0,
    }
}

/// Implements an interface by calls on a field, with more methods after `and`.
macro_rules! forward {
    ($interface:ident to $field:ident {
        $(fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*
    } $(and { $($own:tt)* })?) => {
        impl $interface for Instance {
            $(unsafe fn $name(&self, $($argument: $type),*) $(-> $result)? {
                // SAFETY: the host's arguments are passed on as they are, to an object that lives as
                // long as `self`.
                unsafe { self.$field.$name($($argument),*) }
            })*
            $($($own)*)?
        }
    };
}

forward! { IPluginBaseTrait to component {
    fn initialize(context: *mut FUnknown) -> tresult;
    fn terminate() -> tresult;
} }

forward! { IComponentTrait to component {
    fn getControllerClassId(class: *mut TUID) -> tresult;
    fn setIoMode(mode: IoMode) -> tresult;
    fn getBusCount(media: MediaType, direction: BusDirection) -> int32;
    fn getBusInfo(media: MediaType, direction: BusDirection, index: int32, info: *mut BusInfo) -> tresult;
    fn getRoutingInfo(input: *mut RoutingInfo, output: *mut RoutingInfo) -> tresult;
    fn activateBus(media: MediaType, direction: BusDirection, index: int32, state: TBool) -> tresult;
    fn getState(state: *mut IBStream) -> tresult;
} and {
    /// Some hosts (Carla, while it looks for plugins) activate before they set up processing, which nice-plug refuses:
    /// the plugin would not be listed. A usual setup holds until the host's.
    unsafe fn setActive(&self, state: TBool) -> tresult {
        if state != 0 && !self.is_set_up.load(Ordering::Acquire) {
            // SAFETY: the setup lives until the call returns.
            unsafe { self.setupProcessing(&mut usual_setup()) };
        }
        // SAFETY: as in the other methods.
        unsafe { self.component.setActive(state) }
    }

    unsafe fn setState(&self, state: *mut IBStream) -> tresult {
        // SAFETY: as in the other methods.
        unsafe {
            if !is_of_a_states_size(state) {
                return kResultFalse;
            }
            self.component.setState(state)
        }
    }
} }

forward! { IEditControllerTrait to controller {
    fn setComponentState(state: *mut IBStream) -> tresult;
    fn setState(state: *mut IBStream) -> tresult;
    fn getState(state: *mut IBStream) -> tresult;
    fn getParameterCount() -> int32;
    fn getParameterInfo(index: int32, info: *mut ParameterInfo) -> tresult;
    fn getParamStringByValue(id: ParamID, value: ParamValue, string: *mut String128) -> tresult;
    fn getParamValueByString(id: ParamID, string: *mut TChar, value: *mut ParamValue) -> tresult;
    fn normalizedParamToPlain(id: ParamID, value: ParamValue) -> ParamValue;
    fn plainParamToNormalized(id: ParamID, value: ParamValue) -> ParamValue;
    fn getParamNormalized(id: ParamID) -> ParamValue;
    fn setParamNormalized(id: ParamID, value: ParamValue) -> tresult;
    fn setComponentHandler(handler: *mut IComponentHandler) -> tresult;
} and {
    unsafe fn createView(&self, name: FIDString) -> *mut IPlugView {
        // SAFETY: as in the other methods; the caller owns the reference that is returned.
        let view = unsafe { ComPtr::from_raw(self.controller.createView(name)) };
        #[cfg(target_os = "linux")]
        let view = view.and_then(View::around);
        view.map_or(null_mut(), ComPtr::into_raw)
    }
} }

forward! { IAudioProcessorTrait to processor {
    fn setBusArrangements(inputs: *mut SpeakerArrangement, input_count: int32, outputs: *mut SpeakerArrangement, output_count: int32) -> tresult;
    fn getBusArrangement(direction: BusDirection, index: int32, arrangement: *mut SpeakerArrangement) -> tresult;
    fn canProcessSampleSize(size: int32) -> tresult;
    fn getLatencySamples() -> uint32;
    fn setProcessing(state: TBool) -> tresult;
    fn process(data: *mut ProcessData) -> tresult;
    fn getTailSamples() -> uint32;
} and {
    unsafe fn setupProcessing(&self, setup: *mut ProcessSetup) -> tresult {
        // SAFETY: as in the other methods.
        let result = unsafe { self.processor.setupProcessing(setup) };
        self.is_set_up.fetch_or(result == kResultOk, Ordering::AcqRel);
        result
    }
} }

forward! { IMidiMappingTrait to midi {
    fn getMidiControllerAssignment(bus: int32, channel: int16, controller: CtrlNumber, id: *mut ParamID) -> tresult;
} }

forward! { INoteExpressionControllerTrait to expression {
    fn getNoteExpressionCount(bus: int32, channel: int16) -> int32;
    fn getNoteExpressionInfo(bus: int32, channel: int16, index: int32, info: *mut NoteExpressionTypeInfo) -> tresult;
    fn getNoteExpressionStringByValue(bus: int32, channel: int16, id: NoteExpressionTypeID, value: NoteExpressionValue, string: *mut String128) -> tresult;
    fn getNoteExpressionValueByString(bus: int32, channel: int16, id: NoteExpressionTypeID, string: *const TChar, value: *mut NoteExpressionValue) -> tresult;
} }

forward! { IProcessContextRequirementsTrait to requirements {
    fn getProcessContextRequirements() -> uint32;
} }

forward! { IUnitInfoTrait to units {
    fn getUnitCount() -> int32;
    fn getUnitInfo(index: int32, info: *mut UnitInfo) -> tresult;
    fn getProgramListCount() -> int32;
    fn getProgramListInfo(index: int32, info: *mut ProgramListInfo) -> tresult;
    fn getProgramName(list: ProgramListID, index: int32, name: *mut String128) -> tresult;
    fn getProgramInfo(list: ProgramListID, index: int32, attribute: CString, value: *mut String128) -> tresult;
    fn hasProgramPitchNames(list: ProgramListID, index: int32) -> tresult;
    fn getProgramPitchName(list: ProgramListID, index: int32, pitch: int16, name: *mut String128) -> tresult;
    fn getSelectedUnit() -> UnitID;
    fn selectUnit(unit: UnitID) -> tresult;
    fn getUnitByBus(media: MediaType, direction: BusDirection, bus: int32, channel: int32, unit: *mut UnitID) -> tresult;
    fn setUnitProgramData(id: int32, index: int32, data: *mut IBStream) -> tresult;
} }

forward! { IInfoListenerTrait to listener {
    fn setChannelContextInfos(list: *mut IAttributeList) -> tresult;
} }
