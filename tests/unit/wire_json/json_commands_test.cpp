// SPDX-License-Identifier: Apache-2.0
#include "wire/json_commands.hpp"

#include <gtest/gtest.h>

namespace frugal::wire {
namespace {

using base::ErrorKind;

HttpRequest with_body(std::string_view body) {
    HttpRequest request;
    const base::ByteView bytes = base::as_bytes(body);
    request.body.assign(bytes.begin(), bytes.end());
    return request;
}

HttpRequest with_query(std::vector<NamedValue> query) {
    HttpRequest request;
    request.query = std::move(query);
    return request;
}

TEST(JsonCommands, read_a_device_with_its_defaults) {
    const auto plain = read_add_device(with_body(R"({"device":"sensor-7"})"));
    ASSERT_TRUE(plain) << plain.error().describe();
    EXPECT_EQ(plain->device.text(), "sensor-7");
    EXPECT_EQ(plain->label, "");
    EXPECT_EQ(plain->claim_time_to_live, std::chrono::hours(24));
    const auto full =
        read_add_device(with_body("{\"device\":\"a\",\"label\":\"K\xc3\xbc"
                                  "che 1\",\"expires_in_s\":60}"));
    ASSERT_TRUE(full);
    EXPECT_EQ(full->label,
              "K\xc3\xbc"
              "che 1");
    EXPECT_EQ(full->claim_time_to_live, std::chrono::seconds(60));
}

TEST(JsonCommands, name_the_key_that_is_wrong) {
    struct Case {
        const char* body;
        const char* named;
    };
    for (const Case& c :
         {Case{"", "body"}, Case{"[]", "body"}, Case{"nonsense", "body"}, Case{"{} {}", "body"},
          Case{R"({"device":"a","device":"b"})", "body"}, Case{"{}", "device"},
          Case{R"({"device":7})", "device"}, Case{R"({"device":"K 1"})", "device"},
          Case{R"({"device":"gateway"})", "device"}, Case{R"({"device":"all"})", "device"},
          Case{R"({"device":"a","lable":"x"})", "lable"},
          Case{R"({"device":"a","label":null})", "label"},
          Case{R"({"device":"a","label":"x\ny"})", "label"},
          Case{R"({"device":"a","expires_in_s":0})", "expires_in_s"},
          Case{R"({"device":"a","expires_in_s":-1})", "expires_in_s"},
          Case{R"({"device":"a","expires_in_s":1.5})", "expires_in_s"},
          Case{R"({"device":"a","expires_in_s":2592001})", "expires_in_s"}}) {
        const auto read = read_add_device(with_body(c.body));
        ASSERT_FALSE(read) << c.body;
        EXPECT_EQ(read.error().kind, ErrorKind::kInvalidInput);
        EXPECT_NE(read.error().message.find(c.named), std::string::npos)
            << c.body << ": " << read.error().describe();
        EXPECT_FALSE(read.error().remedy.empty());
    }
}

TEST(JsonCommands, refuse_documents_nested_too_deep) {
    const std::string body = "{\"device\":" + std::string(20, '[') + std::string(20, ']') + "}";
    EXPECT_FALSE(read_add_device(with_body(body)));
    EXPECT_FALSE(read_add_device(with_body(std::string(100'000, '['))));
}

TEST(JsonCommands, read_a_rollout_for_all_or_for_some) {
    const auto all = read_start_rollout(with_body(R"({"model":"fashion","release":2})"));
    ASSERT_TRUE(all);
    EXPECT_EQ(all->model.text(), "fashion");
    EXPECT_EQ(all->release, 2u);
    EXPECT_FALSE(all->devices);
    const auto some =
        read_start_rollout(with_body(R"({"model":"fashion","release":2,"devices":["a","b"]})"));
    ASSERT_TRUE(some);
    EXPECT_EQ(some->devices->size(), 2u);
    EXPECT_FALSE(read_start_rollout(with_body(R"({"model":"m","release":1,"devices":["+"]})")));
    EXPECT_FALSE(read_start_rollout(with_body(R"({"model":"m","release":1,"devices":"a"})")));
    EXPECT_FALSE(read_start_rollout(with_body(R"({"model":"m","release":4294967296})")));
}

TEST(JsonCommands, read_a_task) {
    HttpRequest request = with_body(R"({"name":"fashion","labels":["shirt","bag"]})");
    request.parameters = {{"task", "3"}};
    const auto task = read_define_task(request);
    ASSERT_TRUE(task) << task.error().describe();
    EXPECT_EQ(task->task.task, 3u);
    EXPECT_EQ(task->task.labels.size(), 2u);
    EXPECT_EQ(task->task.privacy, core::TaskPrivacy::kEdgeOnly);
    for (const char* number : {"", "0", "256", "03", "+3", "x", "-1"}) {
        request.parameters = {{"task", number}};
        EXPECT_FALSE(read_define_task(request)) << number;
    }
    HttpRequest odd = with_body(R"({"name":"x","labels":[],"privacy":"secret"})");
    odd.parameters = {{"task", "3"}};
    EXPECT_FALSE(read_define_task(odd));
}

TEST(JsonCommands, read_a_token) {
    const auto token = read_create_token(with_body(R"({"role":"operator","label":"ci"})"));
    ASSERT_TRUE(token);
    EXPECT_EQ(token->role, Role::kOperator);
    EXPECT_FALSE(read_create_token(with_body(R"({"role":"root"})")));
    EXPECT_FALSE(read_create_token(with_body(R"({"role":"anonymous"})")));
}

TEST(JsonQueries, read_pages_and_refuse_unknown_or_doubled_keys) {
    const auto page = read_list_devices(with_query({{"page_size", "5"}, {"page_token", "a"}}));
    ASSERT_TRUE(page);
    EXPECT_EQ(page->limit, 5u);
    EXPECT_EQ(page->after->text(), "a");
    EXPECT_EQ(read_list_devices({})->limit, 100u);
    for (const auto& query :
         std::vector<std::vector<NamedValue>>{{{"page_size", "0"}},
                                              {{"page_size", "1001"}},
                                              {{"page_size", " 5"}},
                                              {{"page_token", "A"}},
                                              {{"pagesize", "5"}},
                                              {{"page_size", "5"}, {"page_size", "6"}}}) {
        EXPECT_FALSE(read_list_devices(with_query(query))) << query[0].name << query[0].value;
    }
}

TEST(JsonQueries, read_what_decisions_are_asked_for) {
    const auto filter = read_list_decisions(with_query({{"device", "a"},
                                                        {"task", "1"},
                                                        {"class", "9"},
                                                        {"from", "2026-11-22T00:00:00Z"},
                                                        {"order", "oldest"},
                                                        {"page_token", "42"}}));
    ASSERT_TRUE(filter) << filter.error().describe();
    EXPECT_EQ(filter->cursor, 42);
    EXPECT_TRUE(filter->is_oldest_first);
    EXPECT_EQ(filter->class_id, 9u);
    EXPECT_FALSE(read_list_decisions(with_query({{"class", "64"}})));
    EXPECT_FALSE(read_list_decisions(with_query({{"order", "best"}})));
    EXPECT_FALSE(read_list_decisions(with_query({{"from", "yesterday"}})));
}

TEST(JsonQueries, read_which_events_to_watch) {
    HttpRequest request = with_query({{"types", "overview,log"}});
    request.fields = {{"last-event-id", "17"}};
    const auto events = read_watch_events(request);
    ASSERT_TRUE(events);
    EXPECT_EQ(events->types, (std::vector<std::string>{"overview", "log"}));
    EXPECT_EQ(events->last_event_id, 17u);
    EXPECT_FALSE(read_watch_events(with_query({{"types", "a,,b"}})));
    request.fields = {{"last-event-id", "junk"}};
    EXPECT_FALSE(read_watch_events(request)->last_event_id);
}

TEST(JsonQueries, read_models_raw_or_by_class) {
    HttpRequest raw = with_query({{"model", "fashion"}, {"task", "1"}});
    raw.body = {1, 2, 3};
    const auto one = read_import_model(raw);
    ASSERT_TRUE(one) << one.error().describe();
    ASSERT_EQ(one->variants.size(), 1u);
    EXPECT_EQ(one->variants[0].device_class.text(), "any");
    EXPECT_EQ(one->variants[0].tflite, (base::Bytes{1, 2, 3}));

    HttpRequest several = with_body(
        "--B\r\nContent-Disposition: form-data; name=\"tiny\"\r\n\r\nA\r\n"
        "--B\r\nContent-Disposition: form-data; name=\"m4\"\r\n\r\nB\r\n--B--\r\n");
    several.query = {{"model", "fashion"}, {"task", "1"}};
    several.fields = {{"content-type", "multipart/form-data; boundary=B"}};
    const auto two = read_import_model(several);
    ASSERT_TRUE(two) << two.error().describe();
    ASSERT_EQ(two->variants.size(), 2u);
    EXPECT_EQ(two->variants[1].device_class.text(), "m4");
    EXPECT_EQ(two->variants[1].accuracy_permyriad, 0U);

    for (const auto& [name, is_good] : {std::pair("m4@9105", true), std::pair("m4@10001", false),
                                        std::pair("m4@", false), std::pair("@9105", false)}) {
        several.body.clear();
        const auto text = std::string("--B\r\nContent-Disposition: form-data; name=\"") + name +
                          "\"\r\n\r\nA\r\n--B--\r\n";
        several.body.assign(text.begin(), text.end());
        const auto stated = read_import_model(several);
        ASSERT_EQ(stated.has_value(), is_good) << name;
        EXPECT_TRUE(!is_good || stated->variants[0].accuracy_permyriad == 9105) << name;
    }

    HttpRequest nameless = with_query({{"task", "1"}});
    EXPECT_FALSE(read_import_model(nameless));
}

TEST(Rfc3339, writes_and_reads_moments_in_utc) {
    EXPECT_EQ(to_rfc3339({1'795'370'019'500}), "2026-11-22T17:53:39Z");
    EXPECT_EQ(from_rfc3339("2026-11-22T17:53:39Z")->unix_ms, 1'795'370'019'000);
    for (const char* text : {"", "2026-11-22", "2026-11-22T17:53:39", "2026-11-22T17:53:39+01:00",
                             "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "-026-11-22T17:53:39Z",
                             "2026-11-22T24:00:00Z", "1969-12-31T23:59:59Z"}) {
        EXPECT_FALSE(from_rfc3339(text)) << text;
    }
}

}  // namespace
}  // namespace frugal::wire
