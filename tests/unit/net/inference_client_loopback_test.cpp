// SPDX-License-Identifier: Apache-2.0
// The third tier's client against a server written from the protocol's text
// (tests/support/inference_server.py): whatever that does, the call ends once and in time.
#include "net/inference_client.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>

#include "crypto/private_file.hpp"
#include "crypto/site_authority.hpp"
#include "support/temporary_directory.hpp"

extern char** environ;

namespace frugal::net {
namespace {

using std::chrono::milliseconds;

/// The server as a child process; gone with this object.
class Server {
public:
    /// With a certificate and its key (files) it speaks TLS.
    explicit Server(std::string certificate = {}, std::string key = {})
        : scheme_(certificate.empty() ? "http" : "https") {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        std::string program = "python3";
        std::string script = FRUGAL_SOURCE_DIR "/tests/support/inference_server.py";
        std::string options[] = {"--certificate", "--key"};
        char* arguments[] = {program.data(), script.data(), nullptr, nullptr,
                             nullptr,        nullptr,       nullptr};
        if (!certificate.empty()) {
            arguments[2] = options[0].data();
            arguments[3] = certificate.data();
            arguments[4] = options[1].data();
            arguments[5] = key.data();
        }
        EXPECT_EQ(::posix_spawnp(&process_, "python3", &actions, nullptr, arguments, environ), 0);
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        std::FILE* output = ::fdopen(ends[0], "r");
        EXPECT_EQ(std::fscanf(output, "port %d", &port_), 1);
        std::fclose(output);
    }
    ~Server() {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    std::string url(const std::string& host = "127.0.0.1") const {
        return scheme_ + "://" + host + ":" + std::to_string(port_);
    }

private:
    std::string scheme_;
    pid_t process_ = 0;
    int port_ = 0;
};

core::AskCloud question(const std::string& model,
                        core::TaskPrivacy privacy = core::TaskPrivacy::kPublic) {
    core::TaskRecord task;
    core::Features features({0xff, 0x02, 0x70, 0x00});
    return {.work = {1},
            .task = 1,
            .model = model,
            .classes = 3,
            .privacy = privacy,
            .features = std::move(*core::PublicFeatures::from(task, true, features))};
}

class InferenceClientTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() { server = new Server(); }
    static void TearDownTestSuite() {
        delete server;
        server = nullptr;
    }
    InferenceClientTest() { client = open(server->url()); }

    std::unique_ptr<InferenceClient> open(const std::string& url, const std::string& token = {},
                                          const std::string& ca_file = {}) {
        InferenceServerSettings settings;
        settings.url = url;
        settings.ca_file = ca_file;
        settings.token = token;
        settings.priority = 4;
        auto opened = InferenceClient::open(loop, std::move(settings));
        EXPECT_TRUE(opened) << opened.error().describe();
        return std::move(*opened);
    }

    /// Asks and runs until there is an answer; counts how often it came.
    base::Result<core::EdgeAnswer> ask(core::AskCloud job,
                                       milliseconds time_left = std::chrono::seconds(5)) {
        base::Result<core::EdgeAnswer> answer =
            base::fail(base::ErrorKind::kInternal, "the handler was not called");
        int calls = 0;
        client->ask(std::move(job), time_left, [&](core::CloudDone done) {
            EXPECT_EQ(done.work.value, 1U);
            answer = std::move(done.answer);
            ++calls;
        });
        EXPECT_EQ(calls, 0) << "never from inside the call";
        loop.restart();
        const auto limit = std::chrono::steady_clock::now() + time_left + std::chrono::seconds(5);
        while (calls == 0 && std::chrono::steady_clock::now() < limit) {
            loop.run_one_for(milliseconds(50));
        }
        loop.poll();
        EXPECT_EQ(calls, 1);
        return answer;
    }

    static Server* server;
    boost::asio::io_context loop;
    std::unique_ptr<InferenceClient> client;
};
Server* InferenceClientTest::server = nullptr;

TEST_F(InferenceClientTest, GetsClassAndConfidence) {
    for (const char* model : {"digits", "floats", "slow"}) {
        SCOPED_TRACE(model);
        const auto answer = ask(question(model));
        ASSERT_TRUE(answer) << answer.error().describe();
        EXPECT_EQ(answer->class_id, 2U);
        EXPECT_EQ(answer->confidence, 230U);
    }
}

TEST_F(InferenceClientTest, UsesAConnectionAgainAndSurvivesItsEnd) {
    for (const char* model : {"digits", "digits", "closing", "closing", "digits"}) {
        SCOPED_TRACE(model);
        const auto answer = ask(question(model));
        EXPECT_TRUE(answer) << answer.error().describe();
    }
}

struct BadServerCase {
    const char* model;
    const char* cause;  ///< part of what people are told
};

TEST_F(InferenceClientTest, EveryOddAnswerIsAnError) {
    const BadServerCase cases[] = {
        {"unready", "400"},
        {"nonesuch", "404: model nonesuch not found"},
        {"broken", "503: no instance of the model is available"},
        {"garbage", "no JSON"},
        {"html", "500"},
        {"shape", "shape"},
        {"sum", "add up"},
        {"infinite", "inference server's answer"},
        {"other", "another call"},
        {"name", "output"},
        {"huge", "no HTTP response"},
        {"cut", "no HTTP response"},
        {"http", "no HTTP response"},
        {"twice", "one named input"},
        {"text", "type or shape"},
        {"dozen",
         "task 1, model dozen: the inference server's answer does not fit the task (it "
         "has 12 classes, the task has 3)"},
        {"pair", "2 classes, the task has 3"},
        {"wide",
         "task 1, model wide: the inference server's model does not fit the task (its "
         "metadata says 10 classes, the task has 3)"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.model);
        const auto answer = ask(question(row.model));
        ASSERT_FALSE(answer);
        EXPECT_NE(answer.error().describe().find(row.cause), std::string::npos)
            << answer.error().describe();
    }
}

TEST_F(InferenceClientTest, GivesUpWhenTheTimeIsOver) {
    const auto answer = ask(question("hanging"), milliseconds(300));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, base::ErrorKind::kUnavailable);
    EXPECT_NE(answer.error().message.find("in time"), std::string::npos);
    EXPECT_TRUE(ask(question("digits"))) << "and the next call works";
}

TEST_F(InferenceClientTest, SaysSoWhereNobodyListens) {
    client = open("http://127.0.0.1:1");
    const auto answer = ask(question("digits"));
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("cannot reach"), std::string::npos);
}

TEST_F(InferenceClientTest, ATlsClientDoesNotSpeakToAPlainServer) {
    client = open("https" + server->url().substr(4));
    EXPECT_FALSE(ask(question("digits")));
}

/// A server under an authority of its own, as in a company's network.
class InferenceOverTls : public InferenceClientTest {
protected:
    InferenceOverTls() {
        const base::WallTime now{std::chrono::duration_cast<milliseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count()};
        const auto authority =
            crypto::SiteAuthority::create(base::SiteId::parse("cloud").value(), now).value();
        const auto other =
            crypto::SiteAuthority::create(base::SiteId::parse("other").value(), now).value();
        const auto issued = authority.issue_server({}, now).value();
        write("ca.pem", authority.root().pem);
        write("other.pem", other.root().pem);
        write("server.pem", issued.certificate.pem);
        write("server.key", issued.key_pem);
        tls_server.emplace(file("server.pem"), file("server.key"));
    }
    void write(const std::string& name, const std::string& text) {
        ASSERT_TRUE(crypto::write_file(files.path() / name, base::as_bytes(text),
                                       crypto::FileAccess::kOwnerOnly));
    }
    std::string file(const std::string& name) const { return (files.path() / name).string(); }

    tests::TemporaryDirectory files;
    std::optional<Server> tls_server;
};

/// A bare root has no /etc/hosts.
bool knows_localhost() {
    addrinfo* found = nullptr;
    const bool is_known = getaddrinfo("localhost", nullptr, nullptr, &found) == 0;
    if (is_known) {
        freeaddrinfo(found);
    }
    return is_known;
}

TEST_F(InferenceOverTls, AnswersUnderItsOwnAuthority) {
    for (const char* host : {"127.0.0.1", "localhost"}) {
        SCOPED_TRACE(host);
        if (host == std::string_view("localhost") && !knows_localhost()) {
            GTEST_SKIP() << "this machine has no name for 127.0.0.1: only the address was tried";
        }
        client = open(tls_server->url(host), "word", file("ca.pem"));
        for (const char* model : {"digits", "closing", "digits"}) {
            SCOPED_TRACE(model);
            const auto answer = ask(question(model));
            ASSERT_TRUE(answer) << answer.error().describe();
            EXPECT_EQ(answer->class_id, 2U);
            EXPECT_EQ(answer->confidence, 230U);
        }
    }
}

TEST_F(InferenceOverTls, SendsNothingToAServerThatItsAuthorityDidNotSign) {
    for (const auto& authority : {file("other.pem"), std::string()}) {
        SCOPED_TRACE(authority);
        client = open(tls_server->url(), "word", authority);
        const auto answer = ask(question("digits"));
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind, base::ErrorKind::kUnavailable) << answer.error().describe();
    }
}

TEST_F(InferenceOverTls, APlainClientGetsNoAnswer) {
    client = open("http" + tls_server->url().substr(5));
    EXPECT_FALSE(ask(question("digits")));
}

TEST_F(InferenceClientTest, RefusesWhatIsNotPublicWithoutConnecting) {
    client = open("http://127.0.0.1:1");
    for (const auto privacy : {core::TaskPrivacy::kEdgeOnly, core::TaskPrivacy::kNever}) {
        const auto answer = ask(question("digits", privacy));
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind, base::ErrorKind::kDenied);
    }
}

TEST_F(InferenceClientTest, AClientThatIsGoneAnswersNothing) {
    int calls = 0;
    client->ask(question("hanging"), std::chrono::seconds(5),
                [&](const core::CloudDone&) { ++calls; });
    loop.run_one_for(milliseconds(50));
    client.reset();
    loop.restart();
    loop.run_for(milliseconds(200));
    EXPECT_EQ(calls, 0);
}

TEST_F(InferenceClientTest, RefusesAddressesThatAreNone) {
    for (const char* url :
         {"", "inference.example", "ftp://a", "http://", "http://a?b=c", "http://user:word@host"}) {
        SCOPED_TRACE(url);
        InferenceServerSettings settings;
        settings.url = url;
        const auto opened = InferenceClient::open(loop, std::move(settings));
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().kind, base::ErrorKind::kInvalidInput);
    }
}

}  // namespace
}  // namespace frugal::net
