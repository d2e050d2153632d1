// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import Foundation
import FunctionLog
import FunctionModel
import NIOCore
import NIOHTTP1
import Testing

@Suite struct LogAPITests {
    private func say(_ text: String, _ api: APIBench) {
        api.logs.platform(text, instance: InstanceID("c-1")!, function: "echo", version: "LATEST")
    }

    /// Connections that the client has closed and the server has not: CLOSE_WAIT in the kernel's table.
    private func connections(to port: Int) throws -> Int {
        let local = ":" + String(port + 0x10000, radix: 16, uppercase: true).suffix(4)
        return try String(contentsOfFile: "/proc/net/tcp", encoding: .utf8).split(separator: "\n").map { $0.split(separator: " ") }
            .filter { $0.count > 3 && $0[1].hasSuffix(local) && $0[3] == "08" }.count
    }

    @Test(.timeLimit(.minutes(2))) func theLastLinesCome() async throws {
        try await APIBench.with { (api) async throws in
            _ = try await api.call(.POST, "/2023-03-30/functions", echo)
            for index in 1...20 { say("line \(index)", api) }
            // The log is written behind the back of who speaks.
            while try await !api.call(.GET, "/swiftlet/v1/functions/echo/logs").body.contains("line 20") {
                try await Task.sleep(for: .milliseconds(20))
            }
            let answer = try await api.call(.GET, "/swiftlet/v1/functions/echo/logs?tail=3&follow=False")
            #expect(answer.headers["content-type"] == ["application/x-ndjson"])
            let lines = try answer.body.split(separator: "\n").map {
                try #require(try JSONValue(parsing: Array($0.utf8)).object?["message"]?.string)
            }
            #expect(lines == ["line 18", "line 19", "line 20"])
        }
    }

    @Test func followingGoesOnUntilTheClientGoes() async throws {
        try await APIBench.with { (api) async throws in
            _ = try await api.call(.POST, "/2023-03-30/functions", echo)
            say("first", api)
            let client = HTTPClient(eventLoopGroupProvider: .singleton)
            let response = try await client.execute(
                HTTPClientRequest(url: api.base + "/swiftlet/v1/functions/echo/logs?follow=true"), timeout: .seconds(60))
            var parts = response.body.makeAsyncIterator()
            #expect(String(buffer: try #require(try await parts.next())).contains("first"))
            say("second", api)
            #expect(String(buffer: try #require(try await parts.next())).contains("second"))
            try await client.shutdown()
            // A server that had not noticed would keep its end of the connection.
            for _ in 0..<600 where try connections(to: api.port) > 0 { try await Task.sleep(for: .milliseconds(100)) }
            #expect(try connections(to: api.port) == 0)
        }
    }

    /// The host would wait an hour for an answer that does not end by itself.
    @Test(.timeLimit(.minutes(2))) func stoppingTheHostEndsFollowing() async throws {
        try await APIBench.with { (api) async throws in
            _ = try await api.call(.POST, "/2023-03-30/functions", echo)
            say("first", api)
            let response = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: api.base + "/swiftlet/v1/functions/echo/logs?follow=true"), timeout: .seconds(600))
            var parts = response.body.makeAsyncIterator()
            _ = try await parts.next()
        }
    }
}
