// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1

struct InvokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoke", abstract: "Calls a function with an event; prints the bytes of its answer and nothing else.",
        discussion: """
            Examples:
              swiftlet invoke hello --data '{"name":"you"}'
              swiftlet invoke resize --data @photo.jpg > small.jpg
              generate | swiftlet invoke hello --data @-
              swiftlet invoke hello --async --data '{"name":"you"}'   # prints the task's id

            Exit status: 0 after an answer; 2 when the function failed, whose answer is printed all the same; 1 when it was not called.
            For an HTTP call use any HTTP client: curl http://127.0.0.1:8080/http/hello/any/path
            """)

    @Argument(help: "The function's name.")
    var name: String

    @Option(help: ArgumentHelp("The event: a text, @FILE, or @- for standard input. (default: empty)", valueName: "data"))
    var data: EventData = .none

    @Option(help: "A version: LATEST or a number.")
    var qualifier: String?

    @Flag(help: "Print the end of the call's log on stderr.")
    var log = false

    @Flag(name: .customLong("async"), help: "Have it called later, as often as its configuration says; prints the task's id.")
    var asynchronous = false

    @Option(help: "With --async: an id of your own, which is taken once.")
    var taskID: String?

    @Option(help: ArgumentHelp("With --async: not before so many seconds, 1 to 3600.", valueName: "seconds"))
    var delay: Int?

    @OptionGroup var host: HostOptions

    func validate() throws {
        if !asynchronous, taskID != nil || delay != nil { throw ValidationError("--task-id and --delay go with --async") }
        if asynchronous, log { throw ValidationError("--log does not go with --async; see `swiftlet logs \(name)`") }
    }

    func run() async throws {
        let event = try await data.read()
        if asynchronous { return try await enqueue(event) }
        let failed = try await HostClient.with(host) { client in
            let query = qualifier.map { "?qualifier=\(HostClient.escape($0))" } ?? ""
            var headers = ["content-type": "application/octet-stream"]
            if log { headers["x-fc-log-type"] = "Tail" }
            let response = try await client.checked(
                .post, "\(FunctionAnswer.path(name))/invocations\(query)", headers: headers, content: Data(event))
            for try await chunk in response.body { try Output.bytes(chunk.readableBytesView) }
            if let text = response.headers.first(name: "x-fc-log-result"), let bytes = Data(base64Encoded: text) {
                try Output.note(String(decoding: bytes, as: UTF8.self))
            }
            guard let type = response.headers.first(name: "x-fc-error-type") else { return false }
            let request = response.headers.first(name: "x-fc-request-id") ?? "unknown"
            try Output.note("swiftlet: function '\(name)' failed: \(type) (request \(request)); see `swiftlet logs \(name)`")
            return true
        }
        if failed { throw ExitCode(2) }
    }

    private func enqueue(_ event: [UInt8]) async throws {
        try await HostClient.with(host) { client in
            let query = qualifier.map { "?qualifier=\(HostClient.escape($0))" } ?? ""
            var headers = ["content-type": "application/octet-stream", "x-fc-invocation-type": "Async"]
            headers["x-fc-async-task-id"] = taskID
            headers["x-fc-async-delay"] = delay.map { String($0) }
            let response = try await client.checked(
                .post, "\(FunctionAnswer.path(name))/invocations\(query)", headers: headers, content: Data(event))
            try Output.out((response.headers.first(name: "x-fc-async-task-id") ?? "") + "\n")
        }
    }
}
