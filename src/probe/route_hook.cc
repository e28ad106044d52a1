#include <Python.h>
// First, because CPython asks for it.

#include "probe/current_request.h"
#include "probe/probe.h"
#include "probe/python_type.h"
#include "probe/tracked_request.h"
#include "probe/wsgi.h"
#include "probe/wsgi_names.h"

namespace stirbar {
namespace {

struct RouteHook {
  PyObject_HEAD vectorcallfunc call;
  PyObject* original;
  PyObject* context_variable;  // may be null
  PyObject* policy_source;     // may be null
};

PyTypeObject* g_type = nullptr;

// New reference, or null without an exception.
PyObject* ContextOf(const RouteHook* hook, PyObject* const* arguments, Py_ssize_t count) {
  if (count > 0) return Py_NewRef(arguments[0]);
  PyObject* context = nullptr;
  if (hook->context_variable != nullptr) {
    PyContextVar_Get(hook->context_variable, nullptr, &context);
  }
  return context;
}

// False: with a Python exception.
bool NoteRuleOfRequest(PyObject* request, PyObject* policy_source) {
  // The first match within the only request of this thread is that of the request itself. Any other
  // is told by its environ: the app may match a request of its own making within one.
  const uint32_t sole = SoleRequest();
  const bool awaits = AwaitsRule(sole);
  PyObject* const environ = awaits ? nullptr : PyObject_GetAttr(request, Names::Get().environ);
  if (environ == nullptr && !awaits) return false;
  PyObject* const rule = PyObject_GetAttr(request, Names::Get().url_rule);
  if (rule != nullptr && awaits) NoteRuleOf(sole, rule, policy_source);
  if (rule != nullptr && !awaits) NoteRule(environ, rule, policy_source);
  const bool done = rule != nullptr;
  Py_XDECREF(rule);
  Py_XDECREF(environ);
  return done;
}

// False: with a Python exception.
bool NoteRoute(PyObject* context, PyObject* policy_source) {
  if (Probe::Current() == nullptr || context == nullptr) return context != nullptr;
  PyObject* const request = PyObject_GetAttr(context, Names::Get().request);
  if (request == nullptr) return false;
  const bool done = NoteRuleOfRequest(request, policy_source);
  Py_DECREF(request);
  return done;
}

PyObject* CallRouteHook(PyObject* self, PyObject* const* arguments, size_t flags,
                        PyObject* keywords) {
  const auto* const hook = reinterpret_cast<RouteHook*>(self);
  PyObject* const context = ContextOf(hook, arguments, PyVectorcall_NARGS(flags));
  const bool noted = NoteRoute(context, hook->policy_source);
  Py_XDECREF(context);
  if (!noted) PyErr_Clear();
  return PyObject_Vectorcall(hook->original, arguments, flags, keywords);
}

int VisitRouteHook(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(reinterpret_cast<RouteHook*>(self)->original);
  Py_VISIT(reinterpret_cast<RouteHook*>(self)->context_variable);
  Py_VISIT(reinterpret_cast<RouteHook*>(self)->policy_source);
  return 0;
}

int ClearRouteHook(PyObject* self) {
  Py_CLEAR(reinterpret_cast<RouteHook*>(self)->original);
  Py_CLEAR(reinterpret_cast<RouteHook*>(self)->context_variable);
  Py_CLEAR(reinterpret_cast<RouteHook*>(self)->policy_source);
  return 0;
}

void FreeRouteHook(PyObject* self) {
  PyObject_GC_UnTrack(self);
  ClearRouteHook(self);
  FreeObject(self);
}

PyMemberDef g_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(RouteHook, call), READONLY, nullptr},
    {"__wrapped__", T_OBJECT_EX, offsetof(RouteHook, original), READONLY, "the original"},
    {}};

}  // namespace

bool InitialiseRouteHook() {
  PyType_Slot slots[] = {{Py_tp_call, Slot(PyVectorcall_Call)},
                         {Py_tp_traverse, Slot(VisitRouteHook)},
                         {Py_tp_clear, Slot(ClearRouteHook)},
                         {Py_tp_dealloc, Slot(FreeRouteHook)},
                         {Py_tp_members, g_members},
                         {0, nullptr}};
  g_type = MakeType("stirbar.RouteHook", sizeof(RouteHook), kCallableType | kCollectedType, slots);
  return g_type != nullptr;
}

PyObject* NewRouteHook(PyObject* original, PyObject* context_variable, PyObject* policy_source) {
  auto* const object = reinterpret_cast<RouteHook*>(g_type->tp_alloc(g_type, 0));
  if (object == nullptr) return nullptr;
  object->call = CallRouteHook;
  object->original = Py_NewRef(original);
  object->context_variable = context_variable == Py_None ? nullptr : Py_XNewRef(context_variable);
  object->policy_source = policy_source == Py_None ? nullptr : Py_XNewRef(policy_source);
  if (object->context_variable != nullptr) SetRequestContext(object->context_variable);
  return reinterpret_cast<PyObject*>(object);
}

}  // namespace stirbar
