//! Reading the uploaded file: decoding, physical lines of bounded length, the header.

use crate::domain::import::{Header, MAX_RECORD_BYTES};
use dialdeck_protocol::{Code, Problem};
use encoding_rs::Encoding;
use encoding_rs_io::DecodeReaderBytesBuilder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Physical lines of a file, decoded. One that is too long comes as its beginning, and the rest of it is passed over.
pub(super) struct Lines(BufReader<Box<dyn Read + Send>>);

impl Lines {
    pub(super) fn open(path: &Path, encoding: Option<&'static Encoding>) -> std::io::Result<Self> {
        // A byte order mark goes before what was asked for; what cannot be decoded becomes U+FFFD, which is refused.
        let decoded = DecodeReaderBytesBuilder::new()
            .encoding(Some(encoding.unwrap_or(encoding_rs::UTF_8)))
            .bom_override(true)
            .build(File::open(path)?);
        Ok(Self(BufReader::with_capacity(1 << 16, Box::new(decoded))))
    }

    /// The next line without its end; the flag says that it was too long.
    pub(super) fn next_line(&mut self) -> std::io::Result<Option<(String, bool)>> {
        let mut line = Vec::new();
        let most = MAX_RECORD_BYTES as u64;
        if (&mut self.0).take(most).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let too_long = line.last() != Some(&b'\n') && line.len() >= MAX_RECORD_BYTES;
        if too_long {
            self.skip_line()?;
        }
        let text = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
        Ok(Some((text, too_long)))
    }

    fn skip_line(&mut self) -> std::io::Result<()> {
        loop {
            let buffer = self.0.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let end = buffer.iter().position(|b| *b == b'\n');
            let used = end.map_or(buffer.len(), |n| n + 1);
            self.0.consume(used);
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

/// The header, and whether the file carries consent itself.
pub(super) fn header(path: &Path, encoding: Option<&'static Encoding>) -> Result<(Header, bool), Problem> {
    let unreadable =
        |e: &dyn std::fmt::Display| Problem::new(Code::Invalid, format!("the file cannot be read: {e}"));
    let mut lines = Lines::open(path, encoding).map_err(|e| unreadable(&e))?;
    let first = loop {
        match lines.next_line().map_err(|e| unreadable(&e))? {
            Some((line, _)) if line.trim().is_empty() => {}
            Some((line, _)) => break line,
            None => {
                return Err(Problem::field("header", crate::domain::import::HeaderError::Empty.to_string()));
            }
        }
    };
    let header = Header::parse(&first).map_err(|e| Problem::field("header", e.to_string()))?;
    let has_consent = header.has_consent();
    Ok((header, has_consent))
}
