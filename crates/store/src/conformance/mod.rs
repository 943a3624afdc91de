//! The suite that every store passes: each case gets a fresh store and says one thing about it.
//!
//! What needs several connections, a file or a crash is tested beside the store that has them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "these are tests, and a feature keeps them out of the binary"
)]

mod access;
mod agents;
mod alarms;
mod audit;
mod budgets;
mod crowds;
mod imported;
mod inboxes;
mod journal;
mod keys;
mod ledger;
mod liveness;
mod messages;
mod notifications;
mod operators;
mod pools;
mod receipts;
pub mod sample;
mod sent;
mod sessions;
mod tokens;
mod undelivered;
mod usage;

use crate::Store;
use std::sync::Arc;

/// Runs each case on a store of its own.
macro_rules! cases {
    ($make:ident: $($module:ident :: $case:ident),* $(,)?) => {
        $($module::$case($make().await.as_ref()).await;)*
    };
}

/// Runs every case, each on a store of its own that `make` opens.
///
/// # Panics
///
/// When the store does anything else than the trait says.
pub async fn run<F>(make: impl Fn() -> F)
where
    F: Future<Output = Arc<dyn Store>>,
{
    principals(&make).await;
    upstreams(&make).await;
    records(&make).await;
}

async fn principals<F: Future<Output = Arc<dyn Store>>>(make: &impl Fn() -> F) {
    cases![make:
        agents::an_agent_is_found_by_id_and_by_name,
        agents::a_name_is_taken_while_its_agent_lives,
        agents::an_update_writes_names_and_scopes_and_ends_what_is_named,
        agents::an_archived_agent_keeps_its_name_and_nothing_to_act_with,
        agents::an_archived_agent_can_be_deleted,
        agents::names_like_one_are_found,
        agents::deleting_an_agent_revokes_its_tokens,
        agents::agents_come_in_pages_by_name,
        agents::agents_come_with_their_living_tokens_from_an_id_on,
        agents::a_foreign_cursor_is_refused,
        agents::an_operator_is_found_with_its_token,
        agents::a_token_of_somebody_else_is_refused,
        operators::operators_come_in_pages_by_name,
        operators::a_changed_operator_keeps_tokens_and_loses_families,
        operators::deleting_an_operator_ends_tokens_and_families,
        operators::the_last_administrator_stays_unless_forced,
        sessions::a_password_is_kept_and_changing_it_ends_other_sessions,
        sessions::a_session_is_kept_as_it_was_seen_last,
        sessions::a_session_needs_what_it_comes_of_and_ends_with_it,
        sessions::an_overlap_of_zero_ends_sessions_and_another_rotation_does_not,
        sessions::a_device_is_paired_rotated_and_unpaired,
        sessions::what_an_operator_signed_in_with_goes_with_the_operator,
        tokens::rotating_twice_without_use_leaves_the_predecessor,
        tokens::the_first_use_ends_the_predecessor_after_the_overlap,
        tokens::an_overlap_of_zero_ends_the_predecessor_at_once,
        tokens::a_rotation_after_use_ends_the_oldest,
        tokens::nobody_rotates_for_a_deleted_agent,
        tokens::a_token_is_revoked_once,
        tokens::revoking_an_unused_successor_gives_its_place_back,
        tokens::the_last_operator_token_stays_unless_forced,
        tokens::the_end_of_a_token_is_kept_and_an_expired_one_keeps_its_place,
        tokens::the_only_operator_gets_no_token_that_expires,
        tokens::rotating_after_a_revocation_issues_anew,
        tokens::tokens_come_newest_first_also_of_one_principal,
        imported::an_import_adds_all_or_nothing,
        imported::many_are_imported_at_once,
        imported::a_slow_hash_is_replaced_once,
        access::one_key_signs_and_older_ones_verify_for_a_while,
        access::a_family_is_kept_as_it_was_saved,
        access::a_family_needs_a_living_token,
        access::families_end_with_their_token_and_their_agent,
        access::an_overlap_of_zero_ends_families_and_another_rotation_does_not,
        access::raising_the_generation_ends_families,
        liveness::what_is_known_of_an_agent_is_kept_but_for_its_pause,
        liveness::pausing_is_recorded_and_keeps_everything_else,
        liveness::nothing_is_kept_of_agents_that_are_gone,
        liveness::nothing_is_kept_of_one_that_is_restored,
        liveness::agents_that_were_heard_of_come_in_pages_by_id,
    ];
}

async fn upstreams<F: Future<Output = Arc<dyn Store>>>(make: &impl Fn() -> F) {
    cases![make:
        pools::a_pool_is_created_once_per_name,
        pools::a_fallback_must_exist,
        pools::an_update_sets_named_keys_aside,
        keys::keys_are_added_all_or_none,
        keys::a_secret_is_in_a_pool_once,
        keys::an_update_keeps_pool_and_switch,
        keys::the_last_enabled_key_stays_unless_forced,
        keys::keys_come_in_pages_by_pool_and_label,
        keys::removing_a_key_removes_its_rests_and_keeps_its_bindings,
        alarms::an_alarm_is_open_until_it_is_acknowledged,
        alarms::one_alarm_of_a_kind_and_subject_is_open,
        alarms::alarms_come_in_pages_newest_first,
        audit::p12_every_record_is_a_leaf_of_the_tree,
        audit::p12_one_key_signs_the_log,
        audit::p12_checkpoints_are_added_behind_the_newest,
        budgets::a_budget_is_set_and_changed,
        budgets::there_is_one_budget_per_scope_and_quantity,
        budgets::a_budget_needs_whom_it_binds,
        budgets::spending_is_kept_for_as_long_as_a_budget_counts_it,
        budgets::absurd_spending_does_not_wrap,
    ];
}

async fn records<F: Future<Output = Arc<dyn Store>>>(make: &impl Fn() -> F) {
    cases![make:
        journal::facts_are_read_back_in_the_snapshot,
        journal::facts_about_the_gone_are_dropped,
        journal::bindings_belong_to_their_agent_and_are_forgotten_by_age,
        journal::every_change_is_recorded_and_no_refusal_is,
        journal::the_log_is_filtered_and_paged,
        receipts::p10_a_change_and_its_receipt_are_one,
        receipts::p10_nothing_is_changed_again_under_its_claim,
        receipts::p10_a_claim_counts_for_a_day,
        receipts::answers_with_secrets_go_first,
        receipts::receipts_end_with_their_principal,
        ledger::decisions_are_numbered_in_the_order_of_their_saves,
        ledger::small_segments_keep_their_bytes_and_numbers_when_they_are_joined,
        ledger::segments_are_found_by_id_and_by_time,
        ledger::a_read_takes_no_more_bytes_than_fit_but_at_least_one_segment,
        ledger::old_decisions_are_forgotten_and_numbers_are_not_reused,
        ledger::usage_is_summed_by_day_agent_key_and_model,
        ledger::absurd_usage_stops_at_the_greatest_sum,
        ledger::usage_outlives_its_agent,
        usage::usage_is_one_sum_unless_it_is_told_apart,
        usage::usage_is_told_apart_by_whom_and_what,
        usage::usage_of_several_dimensions_comes_by_day,
        usage::usage_is_narrowed_and_paged,
        usage::absurd_sums_stop_at_the_greatest,
        messages::a_board_is_created_once_per_name_and_found_by_tags,
        messages::messages_are_numbered_without_gaps_on_each_board,
        messages::p10_a_message_and_its_receipt_are_one,
        messages::messages_of_a_board_are_narrowed_and_paged,
        messages::names_are_resolved_and_nobody_is_told,
        inboxes::what_is_written_to_everyone_reaches_those_who_lived,
        inboxes::what_is_taken_is_hidden_and_acknowledged_once,
        inboxes::what_never_arrived_is_taken_again_at_once,
        inboxes::a_last_attempt_that_never_arrived_lasts_as_long_as_any,
        inboxes::all_are_acknowledged_or_none,
        undelivered::time_fails_what_nobody_takes_or_acknowledges,
        undelivered::what_is_hidden_fails_at_its_end_too,
        undelivered::what_time_failed_first_keeps_its_reason,
        undelivered::deleting_the_recipient_fails_what_it_did_not_read,
        undelivered::deleting_a_board_fails_what_nobody_read,
        undelivered::a_full_inbox_fails_what_is_written_to_its_agent,
        undelivered::what_is_written_to_everyone_waits_for_room,
        sent::a_sender_sees_its_newest_messages_as_they_stand,
        sent::what_fails_in_a_crowd_is_told_of_each_message,
        crowds::many_look_at_once_as_if_one_after_the_other,
        crowds::many_find_what_is_theirs_and_nothing_twice,
        crowds::each_gets_as_many_as_it_asks_for,
        crowds::many_acknowledge_at_once_and_each_for_itself,
        notifications::notifications_are_numbered_narrowed_and_paged,
        notifications::each_operator_reads_for_itself,
        notifications::whoever_comes_after_an_operator_has_read_nothing,
        notifications::p10_a_notification_and_its_receipt_are_one,
        notifications::old_and_superfluous_notifications_are_forgotten,
        messages::old_messages_are_forgotten_and_numbers_are_not_reused,
        messages::p1_a_full_outbox_refuses_its_sender_and_nobody_else,
    ];
}
