// SPDX-License-Identifier: Apache-2.0
import ControlStandIns
import FunctionModel
import NIOHTTP1
import Testing

@Suite struct AliasAPITests {
    private let aliases = "/2023-03-30/functions/echo/aliases"

    private func prepare(_ api: APIBench) async throws {
        _ = try await api.call(.POST, "/2023-03-30/functions", echo)
        for number in 1...2 {
            _ = try await api.call(.PUT, "/2023-03-30/functions/echo", #"{"description":"\#(number)"}"#)
            #expect(try await api.call(.POST, "/2023-03-30/functions/echo/versions", "{}").json["versionId"] == .string("\(number)"))
        }
    }

    @Test func anAliasLives() async throws {
        try await APIBench.with { (api) async throws in
            try await prepare(api)
            let made = try await api.call(
                .POST, aliases, #"{"additionalVersionWeight":{"2":0.1},"aliasName":"prod","description":"d","versionId":"1"}"#)
            #expect(made.status == 200 && made.json["additionalVersionWeight"] == ["2": .number(0.1)] && made.json["createdTime"] != nil)
            #expect(api.routes.newest["echo"]?.aliases["prod"]?.additional?.version == "2", "it is routed when its creation is answered")
            #expect(try await api.call(.GET, "\(aliases)/prod").json == made.json)
            #expect(try await api.call(.GET, "/2023-03-30/functions/echo?qualifier=prod").json["description"] == "1")

            let updated = try await api.call(.PUT, "\(aliases)/prod", #"{"additionalVersionWeight":{},"versionId":"2"}"#)
            #expect(
                updated.json["versionId"] == "2" && updated.json["additionalVersionWeight"] == [:] && updated.json["description"] == "d")

            let history = try await api.call(.GET, "/swiftlet/v1/functions/echo/aliases/prod/history")
            #expect(history.json["changes"]?.array?.compactMap { $0.object?["change"]?.integer } == [2, 1])
            let back = try await api.call(.POST, "/swiftlet/v1/functions/echo/aliases/prod/rollback")
            #expect(back.json["versionId"] == "1" && back.json["additionalVersionWeight"] == ["2": .number(0.1)])
            #expect(api.routes.newest["echo"]?.aliases["prod"]?.version == "1")
            let forth = try await api.call(.POST, "/swiftlet/v1/functions/echo/aliases/prod/rollback", #"{"change":2}"#)
            #expect(forth.json["versionId"] == "2")

            #expect(try await api.call(.DELETE, "\(aliases)/prod").status == 204)
            #expect(try await api.call(.GET, "\(aliases)/prod").json["Code"] == "AliasNotFound")
            #expect(api.routes.newest["echo"]?.aliases.isEmpty == true)
        }
    }

    @Test func aliasesComeInPages() async throws {
        try await APIBench.with { (api) async throws in
            try await prepare(api)
            for name in ["c", "a", "b"] { _ = try await api.call(.POST, aliases, #"{"aliasName":"\#(name)","versionId":"LATEST"}"#) }
            var (names, token) = ([String](), "")
            repeat {
                let page = try await api.call(.GET, "\(aliases)?limit=2&nextToken=\(token)")
                names += page.json["aliases"]?.array?.compactMap { $0.object?["aliasName"]?.string } ?? []
                token = page.json["nextToken"]?.string ?? ""
            } while !token.isEmpty
            #expect(names == ["a", "b", "c"])
            #expect(try await api.call(.GET, "\(aliases)?prefix=b").json["aliases"]?.array?.count == 1)
        }
    }

    @Test func whatIsWrongIsNamed() async throws {
        try await APIBench.with { (api) async throws in
            try await prepare(api)
            _ = try await api.call(.POST, aliases, #"{"aliasName":"prod","versionId":"1"}"#)
            let prod = "\(aliases)/prod"
            let own = "/swiftlet/v1/functions/echo/aliases"
            for (method, path, body, status, code) in [
                (HTTPMethod.POST, aliases, #"{"aliasName":"prod","versionId":"1"}"#, 409, "AliasAlreadyExists"),
                (.POST, aliases, #"{"aliasName":"new","versionId":"9"}"#, 404, "VersionNotFound"),
                (.POST, aliases, #"{"aliasName":"9","versionId":"1"}"#, 400, "InvalidArgument"),
                (.POST, "/2023-03-30/functions/none/aliases", #"{"aliasName":"a","versionId":"1"}"#, 404, "FunctionNotFound"),
                (.PUT, prod, #"{"additionalVersionWeight":{"1":0.5}}"#, 400, "AdditionalVersionContainsMajorVersion"),
                (.PUT, prod, #"{"additionalVersionWeight":{"7":0.5}}"#, 404, "VersionNotFound"),
                (.PUT, "\(aliases)/none", "{}", 404, "AliasNotFound"), (.DELETE, "\(aliases)/none", "", 404, "AliasNotFound"),
                (.GET, "/2023-03-30/functions/none/aliases", "", 404, "FunctionNotFound"),
                (.PATCH, prod, "", 400, "PathNotSupported"), (.POST, "\(own)/prod/rollback", "", 400, "InvalidArgument"),
                (.POST, "\(own)/prod/rollback", #"{"change":"x"}"#, 400, "InvalidArgument"),
                (.GET, "\(own)/none/history", "", 404, "AliasNotFound"), (.GET, "\(own)/prod/rollback", "", 405, "MethodNotAllowed"),
            ] {
                let answer = try await api.call(method, path, body.isEmpty ? nil : body)
                #expect(answer.status == UInt(status) && answer.json["Code"] == .string(code), "\(method) \(path) \(body): \(answer.body)")
            }
            #expect(try await api.call(.GET, prod).json["versionId"] == "1")
        }
    }

    @Test func anAliasOutlivesItsVersionAndTheHost() async throws {
        try await APIBench.with { (api) async throws in
            try await prepare(api)
            _ = try await api.call(.POST, aliases, #"{"aliasName":"prod","versionId":"1","sticky":"cookie:sid"}"#)
            #expect(try await api.call(.DELETE, "/2023-03-30/functions/echo/versions/1").status == 204)
            #expect(api.routes.newest["echo"]?.aliases["prod"]?.sticky == .cookie("sid"))
            #expect(api.routes.newest["echo"]?.versions["1"] == nil)
        }
    }
}
