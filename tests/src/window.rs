//! A bare X11 window, as a host gives to a panel.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use x11rb::NONE;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    ConfigureWindowAux, ConnectionExt, CreateWindowAux, EventMask, ImageFormat, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// White until something is drawn in it.
pub struct Window {
    connection: RustConnection,
    id: u32,
}

impl Window {
    /// Makes a window of this size in pixels on the display in DISPLAY, not mapped yet.
    ///
    /// # Errors
    /// There is no display, or it refuses.
    pub fn open(width: u32, height: u32) -> Result<Self> {
        let (connection, screen) = x11rb::connect(None).context("no X11 display")?;
        let screen = &connection.setup().roots[screen];
        let id = connection.generate_id()?;
        connection.create_window(
            x11rb::COPY_DEPTH_FROM_PARENT,
            id,
            screen.root,
            0,
            0,
            u16::try_from(width)?,
            u16::try_from(height)?,
            0,
            WindowClass::INPUT_OUTPUT,
            x11rb::COPY_FROM_PARENT,
            &CreateWindowAux::new()
                .background_pixel(screen.white_pixel)
                .event_mask(EventMask::STRUCTURE_NOTIFY),
        )?;
        // The pointer goes where no window is: a tooltip would cover the picture.
        let (right, bottom) = (screen.width_in_pixels, screen.height_in_pixels);
        let corner = (i16::try_from(right)? - 1, i16::try_from(bottom)? - 1);
        connection.warp_pointer(NONE, screen.root, 0, 0, 0, 0, corner.0, corner.1)?;
        connection.sync()?;
        Ok(Self { connection, id })
    }

    /// Its X11 id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Shows it.
    ///
    /// # Errors
    /// The display is gone.
    pub fn map(&self) -> Result<()> {
        self.connection.map_window(self.id)?;
        Ok(self.connection.sync()?)
    }

    /// Changes its size, in pixels.
    ///
    /// # Errors
    /// The display is gone.
    pub fn resize(&self, width: u32, height: u32) -> Result<()> {
        let change = ConfigureWindowAux::new().width(width).height(height);
        self.connection.configure_window(self.id, &change)?;
        Ok(self.connection.sync()?)
    }

    /// Reads what the display has sent, and forgets it.
    ///
    /// # Errors
    /// The display is gone.
    pub fn drain(&self) -> Result<()> {
        while self.connection.poll_for_event()?.is_some() {}
        Ok(())
    }

    /// Saves what the window shows, the panel in it included, as a PNG.
    ///
    /// # Errors
    /// The window cannot be read (it must be mapped), or the file cannot be written.
    pub fn picture(&self, path: &Path) -> Result<()> {
        let size = self.connection.get_geometry(self.id)?.reply()?;
        let (width, height) = (size.width, size.height);
        let planes = u32::MAX;
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, self.id, 0, 0, width, height, planes)?
            .reply()?;
        let (pixels, rest) = image.data.as_chunks::<4>();
        ensure!(
            rest.is_empty() && pixels.len() == usize::from(width) * usize::from(height),
            "the display does not have 32 bits a pixel"
        );
        let colours: Vec<u8> = pixels
            .iter()
            .flat_map(|[blue, green, red, _]| [*red, *green, *blue])
            .collect();
        let mut encoder =
            png::Encoder::new(std::fs::File::create(path)?, width.into(), height.into());
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header()?.write_image_data(&colours)?;
        Ok(())
    }
}
