//! A receiver of webhooks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;

use serde_json::Value;

use crate::watching::PATIENCE;

/// What a receiver of webhooks does with a call.
#[derive(Clone, Copy)]
pub enum Answers {
    Status(u16),
    Redirect,
    Hangs,
}

/// A receiver of our own: the calls that it got, each with its path and body.
pub fn receiver(
    mut answers: impl FnMut(usize) -> Answers + Send + 'static,
) -> (SocketAddr, mpsc::Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, calls) = mpsc::channel();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            if head.is_empty() || reader.read_exact(&mut body).is_err() {
                continue;
            }
            let path = head.lines().next().unwrap().to_owned();
            let _ = tell.send((path, serde_json::from_slice(&body).unwrap()));
            let answer = match answers(number) {
                Answers::Status(status) => format!("HTTP/1.1 {status} X\r\n"),
                Answers::Redirect => {
                    format!("HTTP/1.1 307 X\r\nlocation: http://{address}/elsewhere\r\n")
                }
                Answers::Hangs => {
                    std::thread::spawn(move || stream.read(&mut [0]));
                    continue;
                }
            };
            let _ = write!(stream, "{answer}content-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (address, calls)
}

pub fn next(calls: &mpsc::Receiver<(String, Value)>) -> (String, Value) {
    calls.recv_timeout(PATIENCE).expect("the webhook is called")
}
