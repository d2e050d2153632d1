// SPDX-License-Identifier: Apache-2.0
import Access
import Activation
import AsyncInvocation
import Catalog
import Console
import FunctionLog
import FunctionModel
import HTTPTypes
import Hummingbird
import Images
import Logging
import ObjectStore
import Prometheus
import Store

/// Answers every request: finds the operation, asks it, and turns what is thrown into an error object.
struct ControlResponder: HTTPResponder {
    let catalog: Catalog
    let images: ImageLibrary
    let instances: ActivationService
    let invocations: AsyncInvocationService
    let logs: FunctionLogs
    let access: AccessRegister?
    let facts: ControlAPI.HostFacts
    let metrics: PrometheusRegistry
    let history: FunctionHistory?
    var console: Console?
    let logger: Logger
    let now: @Sendable () -> Timestamp

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let id = requestID(request)
        var response: Response
        do {
            response = try await answer(request, id)
        } catch let error as ServiceError {
            response = Response(error: error, request: id)
        } catch let error as CancellationError {
            throw error
        } catch {
            logger.error(
                "a request of the control API failed",
                metadata: ["request": "\(id)", "path": "\(request.target.path)", "error": "\(error)"])
            let message = "an internal error has occurred; the log of the host tells more about request \(id)"
            response = Response(error: ServiceError(status: 500, code: "InternalServerError", message: message), request: id)
        }
        response.headers[.requestID] = id.text
        return response
    }

    func answer(_ request: Request, _ id: RequestID) async throws -> Response {
        let path = try ControlPath(raw: request.target.path)
        let query = try QueryItems(raw: request.target.query)
        // Pages have sessions of their own: a browser cannot sign. What a page asks is allowed or refused in the name of its session.
        if case .console(let segments) = path { return try await consoleAnswer(segments, request, query) }
        let (caller, request) = try RequestAuthorization(authority: access?.authority).check(request, path)
        return try await RequestAuthorization.$caller.withValue(caller) { try await operate(request, path, query, id) }
    }

    func operate(_ request: Request, _ path: ControlPath, _ query: QueryItems, _ id: RequestID) async throws -> Response {
        switch (path, request.method) {
        case (.functions, .post): return try await createFunction(request)
        case (.functions, .get): return try await listFunctions(query)
        case (.function(let name), .get): return Response(json: try await catalog.get(name, qualifier: query.string("qualifier")).json)
        case (.function(let name), .put): return Response(json: try await catalog.update(name, try await request.jsonObject()).json)
        case (.function(let name), .delete): return try await deleteFunction(name)
        case (.functionCode(let name), .get): return try await functionCode(name)
        case (.versions(let name), .post): return try await publishVersion(name, request)
        case (.versions(let name), .get): return try await listVersions(name, query)
        case (.version(let version, of: let name), .delete):
            try await catalog.deleteVersion(version, of: name)
            return .nothing
        case (.aliases(let name), .post): return try await createAlias(name, request)
        case (.aliases(let name), .get): return try await listAliases(name, query)
        case (.alias(let alias, of: let name), .get): return Response(json: try await catalog.alias(alias, of: name).json)
        case (.alias(let alias, of: let name), .put): return try await updateAlias(alias, name, request)
        case (.alias(let alias, of: let name), .delete):
            try await catalog.deleteAlias(alias, of: name)
            return .nothing
        case (.aliasHistory(let alias, of: let name), .get): return try await aliasHistory(alias, name)
        case (.aliasRollback(let alias, of: let name), .post): return try await rollBackAlias(alias, name, request)
        case (.asyncConfig(let name), .put): return try await putAsyncConfig(name, query, request)
        case (.asyncConfig(let name), .get): return try await asyncConfig(name, query)
        case (.asyncConfig(let name), .delete): return try await deleteAsyncConfig(name, query)
        case (.asyncConfigs, .get): return try await listAsyncConfigs(query)
        case (.asyncTasks(let name), .get): return try await listAsyncTasks(name, query)
        case (.asyncTask(let task, of: let name), .get): return try await asyncTask(task, name, query)
        case (.asyncTaskStop(let task, of: let name), .put): return try await stopAsyncTask(task, name, query)
        case (.deadLetters, .get): return try await listDeadLetters(query)
        case (.deadLetter(let task, of: let name), .get): return try await deadLetter(task, name)
        case (.deadLetterRedrive, .post): return try await redriveDeadLetters(request)
        case (.deadLetterPurge, .post): return try await purgeDeadLetters(request)
        case (.queue, .get): return try await queueStatistics()
        case (.keys, .post): return try await createKey(request)
        case (.keys, .get): return try await listKeys()
        case (.key(let id), .delete): return try await revokeKey(id, query)
        case (.roles, .get): return try await listRoles()
        case (.role(let name), .put): return try await putRole(name, request)
        case (.role(let name), .delete): return try await deleteRole(name)
        case (.layers, .get): return try await listLayers(request, query)
        case (.layerVersions(let layer), .post): return try await createLayerVersion(layer, request)
        case (.layerVersions(let layer), .get): return try await listLayerVersions(layer, request, query)
        case (.layerVersion(let version, of: let layer), .get):
            return Response(json: json(try await catalog.layerVersion(try layerVersionName(layer, version)), request))
        case (.layerByARN(let arn), .get): return Response(json: json(try await catalog.layerVersion(arn: arn), request))
        case (.layerVersion(let version, of: let layer), .delete):
            try await catalog.deleteLayerVersion(try layerVersionName(layer, version))
            return .nothing
        case (.layerACL(let layer), .put): return try await putLayerACL(layer, query)
        case (.layerCode(let version, of: let layer), .get): return try await layerCode(layer, version)
        case (.object(let name, in: let bucket), .put): return try await putObject(name, bucket, request)
        case (.object(let name, in: let bucket), .delete):
            try await images.layers.objects.remove(try ObjectName(checked: name, in: bucket, of: images.layers.objects))
            return .nothing
        case (.instances(let name), .get): return try await listInstances(name, query, id)
        case (.invocationSwitch(let name, let isOn), .post): return try await switchInvocation(name, on: isOn, request)
        case (.concurrency(let name), _): return try await concurrency(name, request) ?? refuse(request, path, id)
        case (.concurrencies, .get): return try await listSettings(.concurrency, "configs", query)
        case (.capacity(let kind, of: let name), _): return try await capacity(kind, name, request, query) ?? refuse(request, path, id)
        case (.capacities(let kind), .get): return try await listCapacities(kind, query)
        case (.triggers(let name), .post): return try await createTrigger(name, request)
        case (.triggers(let name), .get): return try await listTriggers(name, query)
        case (.trigger(let trigger, of: let name), _): return try await self.trigger(trigger, name, request) ?? refuse(request, path, id)
        case (.tags, _): return try await tags(request, query, id) ?? refuse(request, path, id)
        case (.regions, .get): return regions()
        case (.domains, _): return try await domains(request, query) ?? refuse(request, path, id)
        case (.domain(let name), _): return try await domain(name, request) ?? refuse(request, path, id)
        case (.images, .post): return try await loadImage(request, query, id)
        case (.images, .get): return Response(json: ["images": .array(try await images.list().map(\.json))])
        // No image is made by POST, so these two names are free for what is done to all of them.
        case (.image("pull"), .post): return try await pullImage(request, id)
        case (.image("gc"), .post): return try await collectImages(request)
        case (.imageTags(let reference), .post): return try await tagImage(reference, request)
        case (.imageArchive(let reference), .get): return try await exportImage(reference)
        case (.image(let reference), .get): return Response(json: try await images.inspect(reference).json)
        case (.image(let reference), .delete):
            try await catalog.removeImage(reference)
            return .nothing
        case (.functionLogs(let name), .get): return try await functionLogs(name, request, query)
        case (.functionInstances(let name), .delete):
            let stopped = await instances.stopInstances(of: name)
            // Only what has none is looked for on disk: a wrong name is told so.
            if stopped == 0 { _ = try await catalog.get(name) }
            return Response(json: ["stopped": .integer(Int64(stopped))])
        case (.coldStarts(let name), .get):
            _ = try await catalog.get(name)
            return Response(json: ["coldStarts": .array(instances.coldStarts(of: name).map(\.json))])
        case (.host, .get): return Response(json: facts.json)
        case (.metrics, .get): return await metricsText()
        case (.functionHistory(let name), .get): return try await functionHistory(name)
        default: return try refuse(request, path, id)
        }
    }

    /// Function Compute has one error for paths and methods that it does not know; Swiftlet's own API has HTTP's.
    private func refuse(_ request: Request, _ path: ControlPath, _ id: RequestID) throws -> Response {
        let methods: String
        switch path {
        case .unknown:
            throw ServiceError(
                status: 404, code: "NotFound",
                message: "'\(request.target.path)' is no path of this API; see /2023-03-30/functions and /swiftlet/v1/host")
        case .images: methods = "GET, POST"
        case .image: methods = "GET, DELETE"
        case .imageTags: methods = "POST"
        case .imageArchive: methods = "GET"
        case .functionInstances: methods = "DELETE"
        case .functionLogs, .coldStarts, .aliasHistory, .layerCode, .host, .metrics, .functionHistory: methods = "GET"
        case .deadLetters, .deadLetter, .queue, .roles: methods = "GET"
        case .object, .role: methods = "PUT, DELETE"
        case .keys: methods = "GET, POST"
        case .key: methods = "DELETE"
        case .aliasRollback, .deadLetterRedrive, .deadLetterPurge: methods = "POST"
        case .invocations:
            throw ServiceError(
                status: 400, code: "PathNotSupported", message: "this address takes no calls; the host takes them on \(facts.listen)")
        default:
            throw ServiceError(
                status: 400, code: "PathNotSupported", message: "'\(request.method)' against '\(request.target.path)' is not supported")
        }
        let error = ServiceError(
            status: 405, code: "MethodNotAllowed",
            message: "'\(request.method)' against '\(request.target.path)' is not supported; use \(methods)")
        var response = Response(error: error, request: id)
        response.headers[HTTPField.Name.allow] = methods
        return response
    }

    /// The gateway in front has given most requests an id already, under which it logs them.
    func requestID(_ request: Request) -> RequestID {
        if let given = request.headers[.requestID].flatMap({ RequestID($0) }) { return given }
        var random = SystemRandomNumberGenerator()
        return RequestID(seconds: now().milliseconds / 1000, using: &random)
    }
}
