//! A tun device that a test holds open, as a VPN program would.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;

/// An open tun or tap device. It goes when this value is dropped, unless it was made persistent.
#[derive(Debug)]
pub struct Tun {
    file: File,
}

/// Which layer a [`Tun`] works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// IP packets.
    Tun,
    /// Ethernet frames.
    Tap,
}

mod request {
    nix::ioctl_write_ptr_bad!(
        /// Names and configures the device of an open `/dev/net/tun` (`linux/if_tun.h`).
        tun_set_iff,
        libc::TUNSETIFF,
        libc::ifreq
    );
}

impl Tun {
    /// Makes the device, or attaches to it when it exists and nobody holds it. The name may be
    /// any bytes the kernel accepts.
    ///
    /// # Errors
    ///
    /// When `/dev/net/tun` is not there or the kernel refuses.
    pub fn open(name: &[u8], mode: Mode) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open("/dev/net/tun")?;
        // SAFETY: all bits zero is a valid ifreq.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        if name.len() >= request.ifr_name.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a link name has at most 15 bytes"));
        }
        for (place, byte) in request.ifr_name.iter_mut().zip(name) {
            *place = byte.cast_signed();
        }
        let kind = match mode {
            Mode::Tun => libc::IFF_TUN,
            Mode::Tap => libc::IFF_TAP,
        };
        request.ifr_ifru.ifru_flags = i16::try_from(kind | libc::IFF_NO_PI).expect("flags of 13 bits");
        // SAFETY: the descriptor is open and the pointer is to an ifreq that lives long enough.
        unsafe { request::tun_set_iff(file.as_raw_fd(), &raw const request) }?;
        Ok(Self { file })
    }

    /// The open device.
    #[must_use]
    pub const fn file(&self) -> &File {
        &self.file
    }
}
