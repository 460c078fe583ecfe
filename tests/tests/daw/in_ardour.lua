-- The bundled VST3 in Ardour without a window. Run by ardour.rs:
--
--   ardour7-lua in_ardour.lua FOLDER RATE FRAMES LEFT RIGHT EXPORT_PRESET
--
-- FOLDER is where the session and the export go, and timelines to FOLDER/bounces; LEFT and RIGHT are the sound, a WAV file each, of
-- FRAMES frames. The plugin has been scanned, and has a preset that is called "bounce".

io.stdout:setvbuf("no")

local folder, left, right, export_preset = arg[1], arg[4], arg[5], arg[6]
local rate, frames = math.tointeger(tonumber(arg[2])), math.tointeger(tonumber(arg[3]))
local session_folder = folder .. "/session"
-- Name, lowest, highest and default value as Ardour has them.
local PARAMETERS = {
  { "Bypass", 0, 1, 0 },
  { "Window", 0.5, 10, 2 },
  { "Attack", 0, 5, 0 },
  { "Release", 0, 5, 0.2 },
  { "Threshold", 0.01, 1, 0.3 },
  { "Hold", 0, 10, 1.5 },
  { "Listen to", 0, 9, 0 },
  { "Capture", 0, 1, 0 },
  { "Send notes", 0, 1, 0 },
  { "Send OSC", 0, 1, 0 },
}
local WINDOW = 1

local function ok(what)
  print("ok " .. what)
end

local function near(a, b)
  return math.abs(a - b) < 1e-3
end

local function copy(from, to)
  local source, target = assert(io.open(from, "rb")), assert(io.open(to, "wb"))
  target:write(source:read("a"))
  source:close()
  target:close()
end

local function last(list)
  local found
  for one in list:iter() do found = one end
  return found
end

-- Lua holds what Ardour has closed until it is told to look.
local function close()
  collectgarbage()
  close_session()
end

local function check_parameters(plugin)
  local at = 0
  for index = 0, plugin:parameter_count() - 1 do
    if plugin:parameter_is_control(index) and plugin:parameter_is_input(index) then
      local _, out = plugin:get_parameter_descriptor(index, ARDOUR.ParameterDescriptor())
      local found = out[2]
      print("", index, plugin:parameter_label(index), found.lower, found.upper, found.normal)
      at = at + 1
      local expected = PARAMETERS[at]
      if expected then
        assert(plugin:parameter_label(index) == expected[1], expected[1])
        assert(near(found.lower, expected[2]) and near(found.upper, expected[3]), expected[1])
        assert(near(found.normal, expected[4]), expected[1])
      end
    end
  end
  assert(at >= #PARAMETERS, at .. " parameters")
end

local function make_session()
  AudioEngine:set_backend("None (Dummy)", "", "")
  local session = assert(create_session(session_folder, "session", rate))
  local route = last(session:new_audio_track(2, 2, nil, 1, "sound",
    ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true))
  local track = route:to_track()
  -- Without a window nothing imports a file. So the track bounces its silence to a region of the
  -- right length, whose files `put_sound_in` replaces while the session is closed.
  local region = track:bounce_range(0, frames, ARDOUR.InterThreadInfo(), track:main_outs(), false, "sound")
  assert(not region:isnil(), "nothing was bounced")
  region:to_audioregion():set_fade_in_active(false)
  region:to_audioregion():set_fade_out_active(false)
  track:playlist():add_region(region, Temporal.timepos_t(0), 1, false, 0, 0, false)

  local processor = ARDOUR.LuaAPI.new_plugin(session, "Hamiltone", ARDOUR.PluginType.VST3, "")
  assert(not processor:isnil(), "Ardour does not know the plugin")
  assert(route:add_processor_by_index(processor, 0, nil, true) == 0, "the plugin is not added")
  local plugin = processor:to_insert():plugin(0)
  assert(plugin:name() == "Hamiltone", plugin:name())
  ok("the plugin loads")
  check_parameters(plugin)
  ok("parameters have their names, ranges and defaults")
  assert(plugin:load_preset(plugin:preset_by_label("bounce")), "the preset is not loaded")
  assert(ARDOUR.LuaAPI.set_processor_param(processor, WINDOW, 7.5), "no parameter set")
  sleep(1) -- The plugin hears it with the next block.
  assert(near(ARDOUR.LuaAPI.get_processor_param(processor, WINDOW, true), 7.5))
  ok("a parameter is set")
  assert(session:save_state("", false, false, false, false, false) == 0, "not saved")
end

local function put_sound_in()
  local files = session_folder .. "/interchange/session/audiofiles/sound"
  copy(left, files .. "%L.wav")
  copy(right, files .. "%R.wav")
end

local function check_loaded(session)
  local processor = last(session:get_tracks()):nth_plugin(0)
  assert(not processor:isnil(), "the plugin is gone")
  local window = ARDOUR.LuaAPI.get_processor_param(processor, WINDOW, true)
  assert(near(window, 7.5), "the parameter came back as " .. window)
  ok("a session comes back with the parameter")
  -- The timeline is compared with one of the default window.
  assert(ARDOUR.LuaAPI.set_processor_param(processor, WINDOW, PARAMETERS[WINDOW + 1][4]))
end

-- Not local: Ardour may abort when Lua frees it, without a plugin too.
simple = nil

local function export(session)
  simple = session:simple_export()
  assert(simple:set_preset(export_preset), "no such preset for exports")
  simple:set_range(0, frames)
  simple:set_folder(folder)
  simple:set_name("export")
  assert(simple:check_outputs() and simple:run_export(), "not exported")
  ok("a session is exported")
end

local function wait_for_timeline()
  for _ = 1, 200 do
    local files = io.popen("ls '" .. folder .. "/bounces'")
    local found = files:read("a"):find("_at_.*json")
    files:close()
    if found then return ok("a timeline is written") end
    sleep(0.05)
  end
  error("no timeline was written")
end

make_session()
close()
put_sound_in()
local session = assert(load_session(session_folder, "session"))
check_loaded(session)
export(session)
wait_for_timeline()
print("all passed")
os.exit(0) -- and not `close`, which would free the export
