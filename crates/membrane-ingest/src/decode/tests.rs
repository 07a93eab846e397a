//! Streams that break, and bytes that are not what they should be.

mod mutated;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use membrane_model::LogicalType;
use tokio::io::{AsyncRead, ReadBuf};

use super::*;
use crate::InputSource;
use crate::fixture::{opened, plain};

/// Gives some bytes and then fails, as a connection that is cut.
struct Cut(Vec<u8>);

impl AsyncRead for Cut {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.0.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let count = self.0.len().min(to.remaining());
        to.put_slice(&self.0.drain(..count).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_stream_that_breaks_is_an_error_in_every_format() {
    let dataset = plain(&[("a", LogicalType::String)]);
    for format in Format::ALL {
        let bytes = match format {
            Format::Csv => b"a\n1\n2\n".to_vec(),
            Format::Ndjson => b"{\"a\":\"1\"}\n".to_vec(),
            Format::Json => b"[{\"a\":\"1\"}\n".to_vec(),
            Format::Parquet => b"PAR1".to_vec(),
            Format::ArrowIpc => vec![0xff; 4],
            Format::Avro => b"Obj\x01".to_vec(),
            Format::Excel => b"PK".to_vec(),
        };
        let (delivery, _) = opened(InputSource::Stream(Box::pin(Cut(bytes))));
        let error = match open(delivery, format, &dataset, &Limits::default(), &Reading::default()) {
            Err(error) => error,
            Ok(mut decoder) => std::iter::from_fn(|| Some(decoder.next())).find_map(Result::err).unwrap(),
        };
        assert_eq!(error.to_string(), "could not read the input: connection reset", "{format}");
    }
}
