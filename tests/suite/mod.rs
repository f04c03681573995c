//! The black-box suite: what any client sees over HTTP. It runs against the memory adapter (`tests/memory.rs`) and
//! against workerd (`tests/worker.rs`), with the same cases.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each test binary includes it and uses its own part"
)]

pub mod account;
pub mod admin;
pub mod asking;
pub mod authorize;
pub mod browser;
pub mod ciba;
pub mod cross_origin;
pub mod device;
pub mod foreign;
pub mod harness;
pub mod http;
pub mod in_memory;
pub mod incarnations;
pub mod introspect;
pub mod jws;
pub mod login;
pub mod logout;
pub mod mcp_clients;
pub mod par;
pub mod public_documents;
pub mod revoke;
pub mod token;
pub mod userinfo;
pub mod visits;

/// Makes one `#[test]` of every case, run against what `$target` returns.
#[macro_export]
macro_rules! black_box_suite {
    ($target:path) => {
        $crate::black_box_cases! { $target;
            admin: {
                access: [
                    without_a_token_it_is_401_with_a_bearer_challenge,
                    a_token_for_another_audience_is_refused,
                    a_token_with_any_part_changed_is_refused,
                    reading_does_not_permit_writing,
                    a_declared_client_may_be_given_admin_scopes,
                    doubled_members_are_refused_by_name,
                    the_description_lists_every_operation,
                    other_methods_are_405_and_name_the_allowed_ones,
                    a_body_that_got_lost_replaces_nothing,
                    head_is_get_without_the_body,
                ],
                clients: [
                    clients_are_listed_in_pages,
                    a_client_has_at_most_five_live_secrets,
                    hashes_and_private_keys_are_never_shown,
                    a_secret_may_be_brought_along_as_a_hash,
                    a_live_secret_brought_along_again_keeps_its_id,
                    reserved_client_ids_are_refused,
                ],
                config: [
                    applying_is_idempotent_and_shows_secrets_once,
                    a_concurrent_apply_loses,
                    apply_without_a_version_is_428,
                    an_invalid_configuration_is_refused_whole,
                    unknown_members_are_refused,
                    applied_clients_are_changed_and_removed_by_apply_only,
                    an_api_client_named_by_a_configuration_is_adopted,
                    a_hundred_clients_stopped_at_once_stop_everywhere,
                ],
                keys: [
                    rotation_announces_a_key_before_it_signs,
                    immediate_rotation_signs_with_the_new_key_and_keeps_the_old_one_published,
                    an_emergency_retirement_takes_the_key_out_at_once,
                    the_root_secret_rotates_and_what_was_made_before_stays_good,
                    what_makes_no_sense_of_a_key_is_refused,
                ],
                login_identifiers: [
                    a_login_identifier_is_given_once,
                    a_new_login_identifier_frees_the_old_one,
                    an_identifier_is_the_same_however_it_is_typed,
                    identifiers_that_pass_for_others_are_refused,
                ],
                new_passwords: [
                    a_password_that_is_guessed_first_is_refused,
                    who_signs_up_needs_a_password_that_is_not_guessed_first,
                ],
                password_hashes: [
                    hashes_of_other_products_are_verified_once_and_renewed,
                    what_is_no_hash_or_too_costly_says_why,
                    a_renewed_hash_leaves_sessions_and_links_alone,
                ],
                roles: [
                    every_operation_takes_its_scopes_and_no_other,
                    an_administrator_logs_in_and_has_their_role,
                    nobody_administers_without_a_role,
                    other_tokens_of_an_administrator_are_refused,
                    a_role_that_is_taken_away_ends_everywhere,
                    an_administrator_who_is_signed_out_or_disabled_is_out_at_once,
                    a_part_of_the_api_is_no_way_to_the_rest,
                    a_promotion_counts_at_once_against_a_part_of_the_api,
                    an_administrator_is_named_by_sub,
                    the_command_is_a_client_that_is_there_already,
                    the_command_signs_in_as_a_device,
                ],
                user_links: [
                    an_invitation_sets_a_password_once,
                    a_reset_link_ends_the_one_before_and_all_sessions,
                ],
                users: [
                    a_user_is_found_by_login_and_by_sub,
                    users_are_listed_in_pages,
                    users_are_ordered_and_searched_by_login,
                    what_can_be_no_user_is_refused_with_its_place,
                    a_user_is_changed_member_by_member,
                    a_disabled_user_is_out_until_enabled,
                    a_deleted_user_frees_the_login_identifier_but_never_the_sub,
                    a_password_hash_from_elsewhere_works,
                    sessions_grants_and_consents_are_shown_and_ended,
                    a_client_loses_everything_of_a_user,
                    reading_users_does_not_permit_changing_them,
                    hashes_and_seeds_of_users_are_never_shown,
                ],
            },
            authorize: {
                consent: [
                    consent_is_asked_once_and_binds_to_the_request,
                    saying_no_is_access_denied,
                    a_public_client_that_anybody_could_pose_as_asks_every_time,
                ],
                logging_in: [
                    a_person_logs_in_and_the_client_gets_tokens,
                    prompt_none_never_shows_a_page,
                    prompt_login_and_max_age_ask_again,
                    a_hint_at_somebody_else_is_not_answered,
                    wrong_passwords_and_unknown_people_look_the_same,
                    a_session_changes_its_name_at_login,
                    nobody_becomes_an_administrator_by_logging_in,
                    a_page_sent_twice_is_no_replay,
                ],
                requests: [
                    any_port_of_loopback_is_the_registered_one,
                    an_unregistered_redirect_uri_is_a_page_and_no_redirect,
                    errors_go_to_the_client_with_state_and_iss,
                    a_repeated_parameter_is_refused,
                    answers_come_as_query_fragment_or_form,
                    pages_cannot_be_framed_or_cached,
                    the_authorization_request_may_be_posted,
                    oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported,
                ],
            },
            logout: {
                certification: [
                    oidcc_rp_initiated_logout,
                    oidcc_rp_initiated_logout_no_state,
                    oidcc_rp_initiated_logout_no_post_logout_redirect_uri,
                    oidcc_rp_initiated_logout_no_params,
                    oidcc_rp_initiated_logout_only_state,
                    oidcc_rp_initiated_logout_no_id_token_hint,
                    oidcc_rp_initiated_logout_bad_post_logout_redirect_uri,
                    oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri,
                    oidcc_rp_initiated_logout_modified_id_token_hint,
                ],
                sessions: [
                    signing_out_ends_session_and_tokens_and_goes_back,
                    nobody_is_signed_out_or_sent_on_without_reason,
                    the_sign_out_page_leads_back_to_the_client,
                ],
            },
            token: {
                authorization_code: [
                    a_code_works_once_for_its_client_verifier_and_redirect_uri,
                    a_public_client_needs_pkce_and_no_secret,
                    a_confidential_client_may_be_registered_without_pkce,
                ],
                client_authentication: [
                    two_auth_methods_are_refused,
                    basic_and_body_have_to_name_the_same_client,
                    a_client_with_a_secret_may_send_it_either_way,
                    only_the_auth_method_that_a_client_is_pinned_to_works,
                    a_confidential_client_without_secret_is_refused,
                    a_public_client_with_a_secret_is_refused,
                    unknown_client_and_wrong_secret_look_the_same,
                    invalid_client_has_401_and_a_challenge,
                    basic_credentials_are_percent_decoded,
                    a_client_registered_a_moment_ago_works,
                    a_rotated_secret_works_at_once_and_the_old_one_until_its_end,
                    a_secret_ended_at_once_stops_working,
                    a_disabled_or_deleted_client_stops_working,
                ],
                client_credentials: [
                    the_token_has_the_claims_of_rfc_9068,
                    there_is_never_a_refresh_or_id_token,
                    without_scope_everything_of_the_one_resource_is_granted,
                    a_scope_beyond_the_ceiling_is_invalid_scope,
                    a_resource_chooses_the_audience,
                    an_audience_parameter_changes_nothing,
                    a_resource_that_is_not_the_clients_is_invalid_target,
                    several_resources_are_several_audiences,
                    the_admin_api_is_never_one_of_several_audiences,
                    resources_of_different_algorithms_are_refused_together,
                    custom_claims_of_client_and_resource_are_merged,
                    the_shortest_lifetime_counts,
                    a_public_client_is_unauthorized,
                    every_algorithm_signs_verifiable_tokens,
                ],
                delegation: [
                    the_delegation_grant_answers_as_identityserver_clients_expect,
                ],
                exchanged_refresh_tokens: [
                    an_exchanged_refresh_token_keeps_its_actors_and_ends_with_its_origin,
                    an_exchanged_refresh_token_ends_with_the_client_it_came_from,
                    an_exchanged_refresh_token_has_what_its_client_may_still_exchange,
                    an_actor_that_was_shown_once_does_not_act_forever,
                    an_exchanged_refresh_token_does_not_tell_who_somebody_is_elsewhere,
                ],
                form: [
                    other_methods_are_405_and_name_the_allowed_ones,
                    other_content_types_are_400,
                    repeated_parameters_are_refused,
                    parameters_in_the_query_are_refused,
                    broken_forms_are_400,
                    a_body_over_the_limit_is_413,
                    grant_type_is_required_and_has_to_exist,
                    answers_are_never_stored,
                    a_grant_the_client_is_not_registered_for_is_unauthorized_client,
                    errors_carry_the_request_id,
                ],
                guest: [
                    a_guest_gets_a_token_and_a_name_nobody_else_has,
                    nobody_becomes_an_administrator_as_a_guest,
                ],
                id_tokens: [
                    an_id_token_has_the_claims_of_its_scopes_and_no_others,
                    a_client_registered_for_minimal_id_tokens_finds_claims_at_userinfo,
                    requested_claims_go_where_they_were_asked_for,
                    single_claims_are_asked_for_like_scopes,
                    pairwise_subjects_differ_by_sector,
                ],
                password: [
                    the_password_grant_is_for_clients_registered_for_it,
                ],
                refresh_token: [
                    a_narrowed_token_is_for_the_apis_of_its_scopes_only,
                    what_comes_to_no_scope_costs_no_refresh_token,
                    a_refresh_token_rotates_and_a_retry_gets_the_same_successor,
                    an_old_refresh_token_ends_the_family,
                    a_guess_or_another_client_harms_nothing,
                    scope_is_narrowed_for_one_access_token_only,
                    two_devices_are_independent,
                    a_resource_is_chosen_among_the_granted_ones,
                    a_client_without_the_grant_gets_no_refresh_token,
                ],
                private_key_jwt: [
                    a_client_authenticates_with_its_key_wherever_clients_do,
                    every_algorithm_in_the_metadata_is_accepted,
                    an_assertion_counts_once,
                    whatever_is_wrong_with_an_assertion_reads_the_same,
                    one_way_to_authenticate_and_one_client_a_request,
                    a_client_may_have_an_older_audience_or_a_strict_one,
                    the_registered_algorithm_and_lifetime_hold,
                    a_key_registered_a_moment_ago_works,
                    keys_that_are_weak_or_private_are_not_registered,
                ],
                resources: [
                    a_bare_origin_is_the_same_resource_with_a_slash,
                    two_resources_that_differ_by_a_slash_only_are_refused,
                    unknown_scopes_are_refused_or_left_out_as_the_client_is_registered,
                    an_access_token_that_calls_itself_jwt_is_no_id_token,
                    no_client_has_the_name_of_a_resource_whose_tokens_look_like_id_tokens,
                ],
                scopes: [
                    a_request_without_scope_gets_the_default_ones,
                    a_person_is_asked_for_the_default_scopes_of_the_named_resource,
                    a_scope_brings_along_what_it_includes,
                    a_wider_request_keeps_what_was_granted,
                    a_resource_in_upper_case_is_the_same_one,
                    a_wrong_resource_costs_neither_code_nor_refresh_token,
                ],
                native_sso: [
                    a_second_app_signs_on_with_the_login_of_the_first,
                    metadata_tells_of_shared_logins_where_there_are_some,
                    only_apps_of_the_vendor_share_its_logins,
                    what_does_not_fit_together_is_refused_and_changes_nothing,
                    a_request_that_is_not_of_the_profile_is_refused,
                    the_second_app_gets_only_what_the_person_has_permitted_it,
                    a_device_secret_ends_with_the_login_it_came_from,
                    offline_access_outlives_the_session_and_the_device_secret_does_not,
                    a_device_secret_that_is_shown_again_is_kept,
                    a_device_secret_is_for_those_who_ask_and_may,
                    apps_with_names_of_their_own_for_people_share_logins_too,
                    what_an_earlier_client_of_the_same_id_shared_has_ended,
                ],
                token_exchange: [
                    an_exchanged_id_token_has_the_requesting_clients_name_for_the_person,
                    a_service_gets_a_token_for_the_next_one_that_names_it,
                    nothing_is_wider_than_subject_client_and_target,
                    a_service_that_the_token_is_not_meant_for_is_refused,
                    only_registered_clients_that_authenticate_exchange,
                    only_live_access_tokens_are_subjects,
                    what_was_exchanged_dies_with_the_grant_it_came_from,
                    actors_nest_and_a_fifth_is_refused,
                    an_actor_token_says_who_acts,
                    may_act_lets_one_client_act_and_no_other,
                    impersonation_needs_its_own_permission,
                    other_kinds_of_tokens_need_permission,
                    a_services_own_token_is_narrowed_without_an_actor,
                    the_admin_api_is_no_target_of_an_exchange,
                ],
                transaction_tokens: [
                    one_token_says_to_all_services_what_a_call_is_about,
                    a_programs_own_call_names_no_actor,
                    a_transaction_token_is_no_wider_than_its_subject_and_its_service,
                    a_replacement_narrows_and_is_of_the_same_call,
                    a_transaction_token_is_no_access_token,
                    access_tokens_alone_begin_a_call,
                    only_services_that_may_have_transaction_tokens_get_them,
                    a_call_of_a_login_that_ended_goes_no_further,
                ],
            },
            account: [
                the_account_page_shows_and_ends_sessions,
            ],
            asking: [
                after_a_no_a_client_waits,
                a_client_asks_all_people_together_only_so_often,
                a_yes_can_be_taken_back_until_it_is_fetched,
                a_client_that_needs_a_code_asks_only_whoever_has_told_it,
                guesses_at_a_code_are_damped,
                a_page_says_if_an_application_keeps_its_access,
            ],
            mcp_clients: [
                each_client_signs_in_redeems_and_refreshes_as_it_does,
                what_resembles_a_clients_address_is_refused,
                another_server_is_invalid_target_and_burns_nothing,
            ],
            ciba: [
                a_person_says_yes_on_the_account_page_and_the_client_gets_tokens,
                somebody_says_no_and_the_client_learns_it,
                only_registered_clients_that_authenticate_ask,
                what_makes_no_sense_of_a_request_is_refused,
                a_binding_message_is_short_and_can_be_seen,
                a_client_may_ask_for_less_time_and_not_for_more,
                a_name_that_nobody_has_is_answered_like_one_that_somebody_has,
                a_client_that_may_know_learns_that_nobody_has_a_name,
                an_id_token_or_a_sub_says_whom_to_ask,
                a_client_with_pairwise_names_asks_by_login_hint,
                an_auth_req_id_is_good_for_its_client_and_its_grant_only,
                a_client_that_polls_too_early_is_told_to_slow_down,
                nobody_is_asked_again_and_again,
                somebody_has_only_so_many_requests_to_read,
                an_old_login_needs_the_password_again,
                a_form_about_a_request_from_elsewhere_decides_nothing,
                what_ends_a_grant_ends_an_approval,
                a_client_that_has_ended_asks_nobody,
                the_page_looks_for_requests_only_where_somebody_wants_it,
                the_metadata_has_the_backchannel_where_a_client_uses_it,
                settings_of_the_backchannel_fit_each_other,
            ],
            cross_origin: [
                preflight_is_answered_for_registered_origins_only,
                a_token_is_readable_by_the_clients_own_origins_only,
                an_error_is_readable_by_registered_origins,
                a_script_of_a_registered_origin_begins_a_device,
            ],
            device: [
                a_device_gets_tokens_once_somebody_has_approved_it,
                a_confidential_client_authenticates_for_both_requests,
                a_code_is_read_however_it_is_typed,
                a_device_that_polls_too_early_is_told_to_slow_down,
                somebody_says_no_and_the_device_learns_it,
                another_clients_device_code_is_refused_and_harms_nothing,
                a_link_skips_no_question,
                consent_is_asked_however_little_is_asked_for_and_whatever_was_permitted,
                a_form_from_elsewhere_decides_nothing,
                a_device_is_decided_about_once,
                a_user_disabled_after_the_approval_gets_the_device_nothing,
                signing_out_everywhere_takes_an_approval_along,
                removing_the_client_takes_an_approval_along,
                a_device_of_an_ended_client_is_refused_everywhere,
                a_client_whose_codes_are_typed_hands_out_no_link,
                wrong_codes_hold_up_nobody_but_who_types_them,
                signing_in_leads_back_to_the_code,
                what_makes_no_sense_of_a_device_is_refused,
                the_metadata_has_the_endpoint_where_a_client_uses_it,
                a_qr_code_is_drawn_where_it_is_asked_for,
            ],
            incarnations: [
                a_client_registered_anew_has_nothing_of_the_one_before,
                a_client_that_was_removed_and_added_by_apply_starts_anew,
                a_client_that_stops_authenticating_loses_what_it_was_given,
                revoking_a_client_ends_everything_it_was_given_and_nothing_else,
                an_open_page_and_a_pushed_request_end_with_their_client,
                what_was_exchanged_ends_with_the_incarnations_it_came_by,
            ],
            introspect: [
                a_client_may_introspect_what_was_issued_to_it,
                introspection_tells_the_audience_and_nobody_else,
            ],
            par: [
                a_pushed_request_works_once_and_for_its_client_only,
                a_client_that_has_to_push_can_do_nothing_else,
            ],
            public_documents: [
                metadata_names_what_is_there_and_nothing_else,
                both_metadata_documents_agree,
                the_issuer_does_not_follow_the_host_header,
                the_key_set_has_public_members_only,
                documents_have_an_etag_and_answer_304,
                a_browser_that_looks_for_an_icon_asks_once,
                unknown_paths_are_404,
                scripts_of_any_origin_may_look_for_metadata,
                a_resource_publishes_its_metadata_under_its_own_name,
            ],
            revoke: [
                revocation_answers_with_json,
                revocation_takes_the_whole_grant_along,
            ],
            userinfo: [
                userinfo_takes_access_tokens_only,
                userinfo_is_signed_for_clients_that_want_it,
            ],
            visits: [
                a_browser_gets_a_page_with_a_way_on_wherever_it_goes,
                programs_get_json_where_browsers_get_pages,
                head_on_a_page_is_get_without_the_body,
                password_managers_find_where_a_password_is_changed,
                the_account_is_signed_in_to_without_an_application,
                a_failed_login_keeps_the_name,
                a_second_tab_goes_on_after_a_login_in_the_first,
                a_page_of_another_session_begins_anew_and_permits_nothing,
                a_browser_without_cookies_is_told_and_goes_on_with_them,
                a_post_from_another_site_changes_no_cookie_and_ends_no_session,
                only_a_cookie_that_was_sent_is_removed,
                a_form_of_the_account_page_from_another_session_changes_nothing,
                a_refused_address_is_shown_and_obeyed_by_nobody,
                an_answer_to_a_form_is_a_page_that_leads_on,
                a_client_may_ask_for_a_new_account,
            ],
        }
    };
}

/// Expands [`black_box_suite`]'s list: `folder: { … }` stands for a folder below `suite`, `file: [ … ]` for a file with its
/// cases. Every folder and every file becomes a module of that name.
#[macro_export]
macro_rules! black_box_cases {
    (@in $target:path;) => {};
    (@in $target:path; $folder:ident: { $($inside:tt)* }, $($rest:tt)*) => {
        mod $folder {
            use super::cases::$folder as cases;
            $crate::black_box_cases! { @in $target; $($inside)* }
        }
        $crate::black_box_cases! { @in $target; $($rest)* }
    };
    (@in $target:path; $file:ident: [$($case:ident),* $(,)?], $($rest:tt)*) => {
        mod $file {
            use super::cases::$file as cases;
            $(#[test]
            fn $case() {
                let target = $target();
                cases::$case(&$crate::suite::harness::Fixture::new(&target));
            })*
        }
        $crate::black_box_cases! { @in $target; $($rest)* }
    };
    ($target:path; $($rest:tt)*) => {
        use $crate::suite as cases;
        $crate::black_box_cases! { @in $target; $($rest)* }
    };
}
