// SPDX-License-Identifier: Apache-2.0
import FunctionModel

extension Console {
    /// What the forms of a function's page do.
    func act(_ action: String, on function: String, _ request: ConsoleRequest, _ visit: Visit) async throws -> ConsoleAnswer {
        let form = request.form
        switch action {
        case "call":
            return try await self.function(function, request, visit, call: try await testCall(function, form))
        case "bench":
            return try await self.function(function, request, visit, bench: try await coldBench(function, form))
        case "alias":
            try await moveAlias(function, form)
            return back(to: function, "aliases", visit)
        case "create-alias":
            try await createAlias(function, form)
            return back(to: function, "aliases", visit)
        case "publish":
            let body: JSONValue = ["description": .string(form["description"] ?? "")]
            _ = try await host.api("POST", "\(Self.functionPath(function))/versions", body)
            return back(to: function, "versions", visit)
        case "stop":
            _ = try await host.api("DELETE", "\(Self.ownPath(function))/instances", nil)
            return back(to: function, "instances", visit)
        default: throw ServiceError(status: 404, code: "NotFound", message: "there is no action '\(action)'")
        }
    }

    private func back(to function: String, _ part: String, _ visit: Visit) -> ConsoleAnswer {
        pages.redirect("/console/functions/\(Self.escape(function))#\(part)", visit)
    }
}
