-- What of OpenStreetMap's tags goes into which layer of our base map. Layer and attribute names follow the OpenMapTiles schema where the
-- app's style uses them; the code and the choice are ours. Read by tilemaker 2.2 or newer.
--
-- Layers: water, waterway, landcover, landuse, park, boundary, transportation, transportation_name, building, water_name,
-- mountain_peak, place. Every named thing has "name", and "name:en", "name:fr" where they differ from it.

node_keys = { "place", "natural" }
way_keys = {
  "highway", "railway", "waterway", "natural", "water", "landuse", "leisure", "boundary", "building", "aeroway", "place"
}

local ROADS = { -- tag -> class, smallest zoom, smallest zoom of its name
  motorway = { "motorway", 5, 10 }, motorway_link = { "motorway", 9, 99 },
  trunk = { "trunk", 6, 10 }, trunk_link = { "trunk", 9, 99 },
  primary = { "primary", 7, 11 }, primary_link = { "primary", 10, 99 },
  secondary = { "secondary", 9, 12 }, secondary_link = { "secondary", 11, 99 },
  tertiary = { "tertiary", 11, 13 }, tertiary_link = { "tertiary", 12, 99 },
  unclassified = { "minor", 12, 13 }, residential = { "minor", 12, 13 }, living_street = { "minor", 13, 14 },
  road = { "minor", 12, 14 }, pedestrian = { "path", 13, 14 }, service = { "service", 13, 14 },
  track = { "track", 13, 99 },
  path = { "path", 14, 99 }, footway = { "path", 14, 99 }, cycleway = { "path", 14, 99 }, steps = { "path", 14, 99 },
  bridleway = { "path", 14, 99 }
}
local RAILS = { rail = { "rail", 9 }, light_rail = { "transit", 11 }, subway = { "transit", 12 }, tram = { "transit", 12 },
  narrow_gauge = { "rail", 10 }, funicular = { "transit", 12 } }
local PLACES = { -- tag -> smallest zoom, rank
  country = { 3, 1 }, state = { 5, 2 }, city = { 5, 3 }, town = { 7, 6 }, village = { 10, 9 }, suburb = { 12, 11 },
  quarter = { 13, 12 }, neighbourhood = { 13, 13 }, hamlet = { 12, 11 }, isolated_dwelling = { 14, 14 }, locality = { 14, 15 }
}
local COVER = { -- natural or landuse -> class of landcover
  wood = "wood", forest = "wood", grassland = "grass", grass = "grass", meadow = "grass", heath = "grass", fell = "grass",
  scrub = "grass", village_green = "grass", recreation_ground = "grass", bare_rock = "rock", scree = "rock", shingle = "rock",
  glacier = "ice", sand = "sand", beach = "sand", farmland = "farmland", orchard = "farmland", vineyard = "farmland",
  allotments = "farmland", wetland = "wetland"
}
local USES = {
  residential = "residential", commercial = "commercial", retail = "commercial", industrial = "industrial", railway = "railway",
  cemetery = "cemetery", military = "military", quarry = "quarry", education = "school"
}
local PARKS = { park = "park", garden = "park", nature_reserve = "nature_reserve", golf_course = "park" }
local RIVERS = { river = 10, canal = 11, stream = 13, drain = 14, ditch = 14 }

local function named(thing)
  local name = thing:Find("name")
  if name == "" then return false end
  thing:Attribute("name", name)
  for _, language in ipairs({ "en", "fr" }) do
    local translated = thing:Find("name:" .. language)
    if translated ~= "" and translated ~= name then thing:Attribute("name:" .. language, translated) end
  end
  return true
end

function init_function() end
function exit_function() end

function node_function(node)
  local place = PLACES[node:Find("place")]
  if place and node:Holds("name") then
    node:Layer("place", false)
    node:Attribute("class", node:Find("place"))
    node:AttributeNumeric("rank", place[2])
    if node:Find("capital") == "yes" then node:AttributeNumeric("capital", 2) end
    node:MinZoom(node:Find("capital") == "yes" and math.min(place[1], 5) or place[1])
    named(node)
  elseif node:Find("natural") == "peak" and node:Holds("name") then
    node:Layer("mountain_peak", false)
    node:Attribute("class", "peak")
    local height = tonumber(node:Find("ele"))
    if height then node:AttributeNumeric("ele", height) end
    node:MinZoom((height or 0) >= 2700 and 11 or 13)
    named(node)
  end
end

function relation_scan_function(relation)
  if relation:Find("type") == "boundary" and relation:Find("boundary") == "administrative" then relation:Accept() end
end

local function border(way)
  local level = 99
  while true do
    local relation = way:NextRelation()
    if not relation then break end
    level = math.min(level, tonumber(way:FindInRelation("admin_level")) or 99)
  end
  if way:Find("boundary") == "administrative" then level = math.min(level, tonumber(way:Find("admin_level")) or 99) end
  if level > 8 then return end
  way:Layer("boundary", false)
  way:AttributeNumeric("admin_level", level)
  way:AttributeNumeric("maritime", way:Find("maritime") == "yes" and 1 or 0)
  way:MinZoom(level <= 2 and 3 or level <= 4 and 5 or 10)
end

local function road(way)
  local kind = way:Find("highway")
  local known = ROADS[kind]
  if not known or way:Find("area") == "yes" then return end
  way:Layer("transportation", false)
  way:Attribute("class", known[1])
  way:MinZoom(known[2])
  if way:Find("tunnel") ~= "" and way:Find("tunnel") ~= "no" then way:Attribute("brunnel", "tunnel")
  elseif way:Find("bridge") ~= "" and way:Find("bridge") ~= "no" then way:Attribute("brunnel", "bridge") end
  if kind:sub(-5) == "_link" then way:AttributeNumeric("ramp", 1) end
  if way:Find("oneway") == "yes" then way:AttributeNumeric("oneway", 1) end
  if known[3] > 14 or not (way:Holds("name") or way:Holds("ref")) then return end
  way:Layer("transportation_name", false)
  way:Attribute("class", known[1])
  named(way)
  if way:Holds("ref") then
    way:Attribute("ref", way:Find("ref"))
    way:AttributeNumeric("ref_length", way:Find("ref"):len())
  end
  way:MinZoom(known[3])
end

local function rail(way)
  local known = RAILS[way:Find("railway")]
  if not known then return end
  way:Layer("transportation", false)
  way:Attribute("class", known[1])
  way:MinZoom(known[2])
end

local function water(way)
  local natural, river = way:Find("natural"), way:Find("waterway")
  local is_water = natural == "water" or natural == "bay" or way:Find("landuse") == "reservoir" or way:Find("landuse") == "basin"
    or river == "riverbank" or river == "dock" or way:Find("leisure") == "swimming_pool"
  if is_water and way:IsClosed() then
    local class = way:Find("water") == "river" and "river" or river == "riverbank" and "river" or "lake"
    if way:Find("leisure") == "swimming_pool" then class = "swimming_pool" end
    way:Layer("water", true)
    way:Attribute("class", class)
    if class == "swimming_pool" then way:MinZoom(14) end
    if way:Holds("name") and class == "lake" then
      way:LayerAsCentroid("water_name")
      way:Attribute("class", class)
      named(way)
      way:MinZoom(way:Area() > 500000 and 10 or 13)
    end
    return true
  end
  if RIVERS[river] and not way:IsClosed() then
    way:Layer("waterway", false)
    way:Attribute("class", river)
    named(way)
    way:MinZoom(RIVERS[river])
    return true
  end
  return false
end

local function ground(way)
  if not way:IsClosed() then return end
  local cover = COVER[way:Find("natural")] or COVER[way:Find("landuse")]
  local use, park = USES[way:Find("landuse")], PARKS[way:Find("leisure")]
  if way:Find("boundary") == "national_park" then park = "national_park" end
  if cover then
    way:Layer("landcover", true)
    way:Attribute("class", cover)
  elseif use then
    way:Layer("landuse", true)
    way:Attribute("class", use)
  end
  if park then
    way:Layer("park", true)
    way:Attribute("class", park)
  end
end

function way_function(way)
  border(way)
  if way:Holds("highway") then road(way) end
  if way:Holds("railway") then rail(way) end
  if not water(way) then ground(way) end
  if way:Holds("building") and way:Find("building") ~= "no" and way:IsClosed() then
    way:Layer("building", true)
    way:MinZoom(13)
  end
end
