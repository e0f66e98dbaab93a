//! `netdiag` in a terminal that a test looks at: a pseudo-terminal and a model of its screen.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::binary::{self, PATIENCE};

/// A running program and what its terminal shows.
pub struct Screen {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// All that the program wrote.
    pub written: Vec<u8>,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.text())
    }
}

impl Screen {
    /// Starts `netdiag` with these words in a terminal of this size.
    ///
    /// # Panics
    ///
    /// When there is no pseudo-terminal, or it cannot be started.
    #[must_use]
    pub fn start(words: &[&str], columns: u16, rows: u16) -> Self {
        let mut command = CommandBuilder::new(binary::path());
        command.args(words);
        Self::start_command(command, columns, rows)
    }

    /// Starts any program.
    ///
    /// # Panics
    ///
    /// As [`Screen::start`].
    #[must_use]
    pub fn start_command(mut command: CommandBuilder, columns: u16, rows: u16) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).expect("open a pseudo-terminal");
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command.env_remove("NO_COLOR");
        command.cwd(binary::workspace());
        let child = pair.slave.spawn_command(command).expect("start netdiag in a terminal");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("the terminal's output");
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The terminal's end is an error on Linux (EIO).
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keyboard = pair.master.take_writer().expect("the terminal's input");
        let parser = vt100::Parser::new(rows, columns, 0);
        Self { child, master: pair.master, keyboard, output, parser, written: Vec::new() }
    }

    /// What it shows, line by line.
    #[must_use]
    pub fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// Whether the program uses the alternate screen.
    #[must_use]
    pub fn is_full_screen(&self) -> bool {
        self.parser.screen().alternate_screen()
    }

    /// Whether the cursor is hidden.
    #[must_use]
    pub fn hides_cursor(&self) -> bool {
        self.parser.screen().hide_cursor()
    }

    /// The local modes of the terminal (termios(3)), as text: `ECHO`, `ICANON` …
    #[must_use]
    pub fn local_modes(&self) -> String {
        self.master.get_termios().map_or_else(String::new, |modes| format!("{:?}", modes.local_flags))
    }

    /// Presses keys.
    ///
    /// # Panics
    ///
    /// When the terminal is gone.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("type");
        self.keyboard.flush().expect("type");
    }

    /// Waits until the screen is as `wanted`.
    ///
    /// # Panics
    ///
    /// When that does not happen within half a minute, or the program ends.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, wanted: impl Fn(&Self) -> bool) {
        while !wanted(self) {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.take(&bytes),
                Err(error) => panic!("waited for {what}: {error}; the screen shows:\n{}", self.text()),
            }
        }
    }

    /// Waits until the screen shows `text`.
    ///
    /// # Panics
    ///
    /// As [`Screen::wait_until`].
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(&format!("{text:?}"), |screen| screen.text().contains(text));
    }

    /// The number of bytes written during this time.
    pub fn bytes_during(&mut self, time: std::time::Duration) -> usize {
        let before = self.written.len();
        // One wait for each piece of output: nothing comes, nothing is counted.
        while let Ok(bytes) = self.output.recv_timeout(time) {
            self.take(&bytes);
        }
        self.written.len() - before
    }

    /// Changes the terminal's size.
    ///
    /// # Panics
    ///
    /// When the terminal is gone.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.parser.screen_mut().set_size(rows, columns);
        self.master.resize(size(columns, rows)).expect("resize the terminal");
    }

    /// The program's process identifier.
    ///
    /// # Panics
    ///
    /// When it has ended.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("a running program")
    }

    /// Waits for the program's end; what is still unread is read. Its exit status.
    ///
    /// # Panics
    ///
    /// When it does not end.
    pub fn end(&mut self) -> u32 {
        loop {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("it did not end; the screen shows:\n{}", self.text())
                }
            }
        }
        self.child.wait().expect("wait for netdiag").exit_code()
    }

    fn take(&mut self, bytes: &[u8]) {
        self.written.extend_from_slice(bytes);
        self.parser.process(bytes);
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}
