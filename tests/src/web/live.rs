//! What a live page hears while it waits: server-sent events.

use serde_json::Value;
use tokio::time;

use crate::process::PATIENCE;

/// An event stream that is open.
pub struct Live {
    answer: reqwest::Response,
    text: String,
}

impl Live {
    pub(super) fn new(answer: reqwest::Response) -> Self {
        assert!(answer.status().is_success(), "{}", answer.status());
        Self { answer, text: String::new() }
    }

    /// The next state with this status; panics if the stream ends before it, or brings nothing but signs of life.
    pub async fn status(&mut self, wanted: &str) -> Value {
        let found = async {
            loop {
                let state = self.next().await;
                if state["status"] == wanted {
                    return state;
                }
            }
        };
        time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("nobody says {wanted}"))
    }

    async fn next(&mut self) -> Value {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let state = event.strip_prefix("data:").map(|json| serde_json::from_str(json).expect("JSON"));
                self.text = rest.to_owned();
                if let Some(state) = state {
                    return state;
                }
            }
            let chunk = self.answer.chunk().await.expect("a stream").expect("an event before the end");
            self.text.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }
}
