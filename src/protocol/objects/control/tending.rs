//! What the alarm sees to, besides publishing.

use super::head::{self, Head};
use super::{Context, ControlReply, Stop, clients, keys};
use crate::protocol::model::entropy::Entropy;
use crate::protocol::objects::rows::{Rows, Transaction};

/// The alarm: makes successors, drops what is gone, wraps what lies in the clear or under an earlier `KEK`.
#[inline(never)]
pub(super) fn tend<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &mut Context<'_, E>,
    mut head: Head,
) -> Result<ControlReply, Stop> {
    keys::tend_head(rows, context, &mut head)?;
    clients::refresh_summary(rows, context, &mut head, true)?;
    rows.wake(head::next_alarm(&head, context.now));
    Ok(ControlReply::Tended)
}
